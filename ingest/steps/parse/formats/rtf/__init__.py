"""Rich Text Format. Control words, groups and character sets are read here, in one pass over the bytes."""

from pathlib import Path

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pictures import report_pictures
from ingest.steps.parse.formats.rtf import words
from ingest.steps.parse.formats.rtf.actions import ACTIONS
from ingest.steps.parse.formats.rtf.destinations import DESTINATIONS, enter_destination
from ingest.steps.parse.formats.rtf.document import Document
from ingest.steps.parse.formats.rtf.reader import Language, Reader
from ingest.steps.parse.parsed import ParsedText

_KNOWN_WORDS = frozenset(word.encode() for word in (*ACTIONS, *DESTINATIONS, *words.CHARACTERS, "bin"))
_LANGUAGE = Language(ACTIONS, enter_destination, _KNOWN_WORDS)


def read(path: Path) -> ParsedText:
    """Return the text of an RTF file: headers, body, notes, comments, footers, embedded files.

    Raises UnsupportedFile if it has pictures only and nothing here can read them.
    """
    builder = TextBuilder()
    document = _write(builder, path.read_bytes())
    report_pictures(builder, document.images, document.pictures)
    return builder.parsed("rtf")


def write_rtf(builder: TextBuilder, data: bytes) -> None:
    """Add the text of an RTF document to a builder."""
    if images := _write(builder, data).images:
        builder.report.count("image", "not_read", images)


def _write(builder: TextBuilder, data: bytes) -> Document:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):  # saved again as a text in UTF-16
        data = data.decode("utf-16", "replace").encode()
    document = Reader(data, _LANGUAGE).read()
    document.write(builder)
    return document
