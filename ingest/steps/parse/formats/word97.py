"""Word 97 to 2003 (.doc): the text pieces of the binary format, without an office suite."""

import re
import struct
from pathlib import Path

import olefile

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.containers import ENCRYPTED
from ingest.steps.parse.formats.layout import Layout
from ingest.steps.parse.parsed import Parsed

# Offsets in the file information block at the start of the stream WordDocument ([MS-DOC] 2.5).
_MAGIC, _OLDEST_VERSION = 0xA5EC, 0xC1
_FLAGS, _CLX = 0x0A, 0x01A2
_FLAG_ENCRYPTED, _FLAG_TABLE_1 = 0x0100, 0x0200
_DAMAGED = "The file could not be parsed as doc: it is damaged. Convert it to .docx and upload that."
_TOO_OLD = "The file was written by Word 95 or older, which is not supported. Convert it to .docx and upload that."

_INSTRUCTIONS = re.compile("\x13[^\x13\x14\x15]*[\x14\x15]")  # of a field; what it shows follows
_OTHER_MARKS = re.compile("[\x00-\x06\x08\x0e-\x1d\x15\x14\x13\ufffc]")
_ROW_END = "\x07\x07"


def read(path: Path) -> Parsed:
    """Return the text of a .doc; raise when it is encrypted, damaged or too old."""
    with olefile.OleFileIO(str(path)) as ole:
        main = ole.openstream("WordDocument").read()
        if len(main) < _CLX + 8 or struct.unpack_from("<H", main)[0] != _MAGIC:
            raise InvalidFile(_DAMAGED)
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, _FLAGS)[0]
        if version < _OLDEST_VERSION:
            raise UnsupportedFile(_TOO_OLD)
        if flags & _FLAG_ENCRYPTED:
            raise InvalidFile(ENCRYPTED)
        table = ole.openstream("1Table" if flags & _FLAG_TABLE_1 else "0Table").read()
    try:
        start, length = struct.unpack_from("<II", main, _CLX)
        text = "".join(_pieces(main, table[start : start + length]))
    except struct.error as exc:
        raise InvalidFile(_DAMAGED) from exc
    return Parsed(_lay_out(text), "doc")


def _pieces(main: bytes, clx: bytes) -> list[str]:
    """Return the runs of text in their order; each says where its bytes are and how wide a character is."""
    position = 0
    while clx[position : position + 1] == b"\x01":  # properties, of which none is about text
        position += 3 + struct.unpack_from("<H", clx, position + 1)[0]
    if clx[position : position + 1] != b"\x02":
        raise InvalidFile(_DAMAGED)
    length = struct.unpack_from("<I", clx, position + 1)[0]
    plc = clx[position + 5 : position + 5 + length]
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    pieces = []
    for number in range(count):
        where = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * number + 2)[0]
        characters = max(0, bounds[number + 1] - bounds[number])
        if where & 0x4000_0000:
            start = (where & 0x3FFF_FFFF) // 2
            pieces.append(main[start : start + characters].decode("cp1252", "replace"))
        else:
            pieces.append(main[where : where + 2 * characters].decode("utf-16-le", "replace"))
    return pieces


def _lay_out(text: str) -> str:
    previous = None
    while previous != text and "\x13" in text:  # fields stand in fields, so from the inside out
        previous, text = text, _INSTRUCTIONS.sub("", text)
    text = text.replace("\x1e", "-").replace("\x1f", "").replace("\x0b", "\n").replace("\x0c", "\r")
    layout = Layout()
    for paragraph in text.replace(_ROW_END, "\x07\r").split("\r"):
        if "\x07" in paragraph:
            layout.row(_OTHER_MARKS.sub("", cell) for cell in paragraph.split("\x07"))
        else:
            layout.block(_OTHER_MARKS.sub("", paragraph).strip())
    return layout.text()
