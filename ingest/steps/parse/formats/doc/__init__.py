"""Word 6 to 2003 (.doc): the binary format, read without an office suite."""

from pathlib import Path

import olefile

from ingest.steps.parse.formats.doc.reader import write_document
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText


def read(path: Path) -> ParsedText:
    """Return the text of a .doc: headers, text, text boxes, notes, comments, footers, embedded objects.

    Raises InvalidFile if it is encrypted or damaged, UnsupportedFile if Word 2 or older wrote it.
    """
    builder = TextBuilder()
    with olefile.OleFileIO(str(path)) as ole:
        write_document(builder, ole, [])
    return builder.parsed("doc")
