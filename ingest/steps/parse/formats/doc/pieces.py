"""The piece table: where the characters of a document are ([MS-DOC] section 2.8.35)."""

import struct
from dataclasses import dataclass

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.doc.fib import DAMAGED_MESSAGE, Fib

_COMPRESSED = 0x4000_0000


@dataclass(frozen=True)
class Piece:
    """Characters [start, end) of the document are at `offset` of the main stream, with `width` bytes each.

    `modifiers` are properties that apply to all of them, as a fast save writes them.
    """

    start: int
    end: int
    offset: int
    width: int
    modifiers: bytes = b""


def read_pieces(fib: Fib, main: bytes, table: bytes) -> list[Piece]:
    """Return the pieces in order. Raises InvalidFile if they are damaged."""
    clx = fib.table("pieces", table)
    if fib.is_word6 and not (fib.is_complex and clx):
        end = min(fib.text_end, len(main))
        return [Piece(0, max(0, end - fib.text_start), fib.text_start, 1)]
    try:
        return _parse(clx, len(main), is_word6=fib.is_word6)
    except struct.error as exc:
        raise InvalidFile(DAMAGED_MESSAGE) from exc


def _parse(clx: bytes, main_length: int, *, is_word6: bool) -> list[Piece]:
    position = 0
    modifiers: list[bytes] = []
    while clx[position : position + 1] == b"\x01":  # formatting properties
        length = struct.unpack_from("<H", clx, position + 1)[0]
        modifiers.append(clx[position + 3 : position + 3 + length])
        position += 3 + length
    if clx[position : position + 1] != b"\x02":
        raise InvalidFile(DAMAGED_MESSAGE)
    length = struct.unpack_from("<I", clx, position + 1)[0]
    plc = clx[position + 5 : position + 5 + length]
    if len(plc) < max(length, 4):  # the table is cut
        raise InvalidFile(DAMAGED_MESSAGE)
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc)
    pieces = []
    for number in range(count):
        _, location, modifier = struct.unpack_from("<HIH", plc, 4 * (count + 1) + 8 * number)
        is_narrow = is_word6 or bool(location & _COMPRESSED)
        offset = location if is_word6 else (location & 0x3FFF_FFFF) // (2 if is_narrow else 1)
        width = 1 if is_narrow else 2
        length = min(max(0, bounds[number + 1] - bounds[number]), max(0, main_length - offset) // width)
        number_of_modifiers = modifier >> 1
        has_modifiers = modifier & 1 and number_of_modifiers < len(modifiers)
        pieces.append(
            Piece(
                bounds[number],
                bounds[number] + length,
                offset,
                width,
                modifiers[number_of_modifiers] if has_modifiers else b"",
            )
        )
    return pieces
