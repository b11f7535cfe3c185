"""Turn the bytes of a file into text: plain text here in the process, everything else in a sandboxed child."""

from ingest.steps.parse.parsed import PARSER_VERSION, Parsed
from ingest.steps.parse.parser import Parser

__all__ = ["PARSER_VERSION", "Parsed", "Parser"]
