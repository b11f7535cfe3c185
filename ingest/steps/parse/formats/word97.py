"""Word 97 to 2003 (.doc): the text pieces of the binary format, parsed without an office suite."""

import re
import struct
from pathlib import Path

import olefile

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText

# Offsets in the file information block at the start of the stream "WordDocument" ([MS-DOC] section 2.5).
_MAGIC, _OLDEST_VERSION = 0xA5EC, 0xC1
_FLAGS, _CLX = 0x0A, 0x01A2
_FLAG_ENCRYPTED, _FLAG_TABLE_1 = 0x0100, 0x0200
_DAMAGED_MESSAGE = "The file could not be parsed as doc: it is damaged. Convert it to .docx and upload that."
_TOO_OLD_MESSAGE = (
    "The file was written by Word 95 or older, which is not supported. Convert it to .docx and upload that."
)

_FIELD_INSTRUCTIONS = re.compile("\x13[^\x13\x14\x15]*[\x14\x15]")  # the field's visible text follows
_OTHER_CONTROLS = re.compile("[\x00-\x06\x08\x0e-\x1d\x15\x14\x13\ufffc]")
_ROW_END = "\x07\x07"


def read(path: Path) -> ParsedText:
    """Return the text of a .doc.

    Raises InvalidFile if it is encrypted or damaged, UnsupportedFile if Word 95 or older wrote it.
    """
    with olefile.OleFileIO(str(path)) as ole:
        main = ole.openstream("WordDocument").read()
        if len(main) < _CLX + 8 or struct.unpack_from("<H", main)[0] != _MAGIC:
            raise InvalidFile(_DAMAGED_MESSAGE)
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, _FLAGS)[0]
        if version < _OLDEST_VERSION:
            raise UnsupportedFile(_TOO_OLD_MESSAGE)
        if flags & _FLAG_ENCRYPTED:
            raise InvalidFile(ENCRYPTED_MESSAGE)
        table = ole.openstream("1Table" if flags & _FLAG_TABLE_1 else "0Table").read()
    try:
        start, length = struct.unpack_from("<II", main, _CLX)
        text = "".join(_pieces(main, table[start : start + length]))
    except struct.error as exc:
        raise InvalidFile(_DAMAGED_MESSAGE) from exc
    return ParsedText(_format_text(text), "doc")


def _pieces(main: bytes, clx: bytes) -> list[str]:
    """Return the pieces of text in order. The piece table gives the offset and the character width of each."""
    position = 0
    while clx[position : position + 1] == b"\x01":  # formatting properties
        position += 3 + struct.unpack_from("<H", clx, position + 1)[0]
    if clx[position : position + 1] != b"\x02":
        raise InvalidFile(_DAMAGED_MESSAGE)
    length = struct.unpack_from("<I", clx, position + 1)[0]
    plc = clx[position + 5 : position + 5 + length]
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    pieces = []
    for number in range(count):
        location = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)[0]
        characters = max(0, bounds[number + 1] - bounds[number])
        if location & 0x4000_0000:
            start = (location & 0x3FFF_FFFF) // 2
            pieces.append(main[start : start + characters].decode("cp1252", "replace"))
        else:
            pieces.append(main[location : location + 2 * characters].decode("utf-16-le", "replace"))
    return pieces


def _format_text(text: str) -> str:
    previous = None
    while previous != text and "\x13" in text:  # fields are nested: remove the innermost first
        previous, text = text, _FIELD_INSTRUCTIONS.sub("", text)
    text = text.replace("\x1e", "-").replace("\x1f", "").replace("\x0b", "\n").replace("\x0c", "\r")
    builder = TextBuilder()
    for paragraph in text.replace(_ROW_END, "\x07\r").split("\r"):
        if "\x07" in paragraph:
            builder.add_row(_OTHER_CONTROLS.sub("", cell) for cell in paragraph.split("\x07"))
        else:
            builder.add_block(_OTHER_CONTROLS.sub("", paragraph).strip())
    return builder.build()
