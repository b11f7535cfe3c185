"""E-books (EPUB 2 and 3): the chapters in reading order, each as a section under its name in the table of contents."""

from ingest.steps.parse.formats.epub.reader import read

__all__ = ["read"]
