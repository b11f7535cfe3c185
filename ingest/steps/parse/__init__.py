"""Parsing: turn the bytes of a file into text.

`Parser` decodes plain text in the worker and parses every other format in a sandboxed child process. `formats` has one
module for each family of formats. Storing the parsed text belongs to `ingest/steps/parsed_text.py`, cutting it into
chunks to `ingest/steps/chunk/`. See deploy/docs/decisions/0003-parser-process.md.
"""

from ingest.steps.parse.parsed import PARSER_VERSION, ParsedText
from ingest.steps.parse.parser import Parser

__all__ = ["PARSER_VERSION", "ParsedText", "Parser"]
