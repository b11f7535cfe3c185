"""PowerPoint 97 to 2003 (.ppt): slides with their notes and comments, read without an office suite."""

from pathlib import Path

import olefile

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ppt.reader import write_presentation
from ingest.steps.parse.parsed import ParsedText

_STREAMS = ("PowerPoint Document", "Current User", "Pictures")


def read(path: Path) -> ParsedText:
    """Return the text of a .ppt, slide by slide. Raises InvalidFile if it is encrypted."""
    builder = TextBuilder()
    with olefile.OleFileIO(str(path)) as ole:
        streams = {name: ole.openstream(name).read() for name in _STREAMS if ole.exists(name)}
    write_presentation(builder, *(streams.get(name, b"") for name in _STREAMS))
    return builder.parsed("ppt")
