"""Rich Text Format. Control words, groups and character sets are read here, in one pass over the bytes."""

from pathlib import Path

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.rtf.actions import ACTIONS
from ingest.steps.parse.formats.rtf.destinations import enter_destination
from ingest.steps.parse.formats.rtf.reader import Reader
from ingest.steps.parse.parsed import ParsedText


def read(path: Path) -> ParsedText:
    """Return the text of an RTF file: headers, body, notes, comments, footers, embedded files."""
    builder = TextBuilder()
    write_rtf(builder, path.read_bytes())
    return builder.parsed("rtf")


def write_rtf(builder: TextBuilder, data: bytes) -> None:
    """Add the text of an RTF document to a builder."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # saved again as a text in UTF-16
        data = data.decode("utf-16", "replace").encode()
    Reader(data, ACTIONS, enter_destination).read().write(builder)
