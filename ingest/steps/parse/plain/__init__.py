"""Read text that has no container: decode it, make its escapes readable, and find its headings or its table.

This runs in the worker process: everything here takes time linear in the length of the text.
"""

from ingest.steps.parse.plain.reader import read_plain

__all__ = ["read_plain"]
