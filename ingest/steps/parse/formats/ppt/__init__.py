"""PowerPoint 97 to 2003 (.ppt): slides with their notes and comments, read without an office suite."""

from pathlib import Path

import olefile

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ppt.reader import write_presentation
from ingest.steps.parse.parsed import ParsedText


def read(path: Path) -> ParsedText:
    """Return the text of a .ppt, slide by slide. Raises InvalidFile if it is encrypted."""
    builder = TextBuilder()
    with olefile.OleFileIO(str(path)) as ole:
        data = ole.openstream("PowerPoint Document").read()
        current_user = ole.openstream("Current User").read() if ole.exists("Current User") else b""
    write_presentation(builder, data, current_user)
    return builder.parsed("ppt")
