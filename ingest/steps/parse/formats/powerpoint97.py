"""PowerPoint 97 to 2003 (.ppt): the text atoms of the binary format, parsed without an office suite."""

import struct
from pathlib import Path

import olefile

from ingest.errors import InvalidFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText

# Record types ([MS-PPT] 2.13.24).
_TEXT_CHARS, _TEXT_BYTES = 0x0FA0, 0x0FA8
_MASTER, _CRYPT_SESSION = 0x03F8, 0x2F14
_CONTAINER = 0x0F  # low bits of the first field of a record that contains records


def read(path: Path) -> ParsedText:
    """Return the text of a .ppt in the order in which it was saved. Raises InvalidFile if it is encrypted."""
    with olefile.OleFileIO(str(path)) as ole:
        data = ole.openstream("PowerPoint Document").read()
    builder = TextBuilder()
    seen: set[str] = set()  # each save appends a copy of the text that changed
    position = 0
    while position + 8 <= len(data):
        first, kind, length = struct.unpack_from("<HHI", data, position)
        position += 8
        if kind == _CRYPT_SESSION:
            raise InvalidFile(ENCRYPTED_MESSAGE)
        if first & 0x0F == _CONTAINER and kind != _MASTER:
            continue  # descend into the container
        if kind in (_TEXT_CHARS, _TEXT_BYTES):
            body = data[position : position + length]
            text = body.decode("utf-16-le" if kind == _TEXT_CHARS else "latin-1", "replace")
            text = text.replace("\r", "\n").replace("\v", "\n").strip()
            if text not in seen:
                seen.add(text)
                builder.add_block(text)
        position += length
    return builder.parsed("ppt")
