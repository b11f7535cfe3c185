"""Select how a Word document is stored: in a ZIP package, in one XML file, or as the XML of Word 2003."""

from pathlib import Path

from ingest.steps.parse.formats.docx.document import read_package
from ingest.steps.parse.formats.ooxml.package import is_zip
from ingest.steps.parse.parsed import ParsedText

_HEAD_BYTES = 8192
_WORD_2003 = b"http://schemas.microsoft.com/office/word/2003/wordml"


def read(path: Path) -> ParsedText:
    """Return the text of a Word document in one of the XML formats. Raises InvalidFile."""
    if not is_zip(path) and _is_word_2003(path):
        from ingest.steps.parse.formats.docx.word2003 import read_word2003

        return read_word2003(path)
    return read_package(path)


def _is_word_2003(path: Path) -> bool:
    with path.open("rb") as file:
        return _WORD_2003 in file.read(_HEAD_BYTES).replace(b"\0", b"")
