"""Property modifiers, "sprms": lists of formatting properties ([MS-DOC] section 2.2.5)."""

import struct
from collections.abc import Iterator

_OPERAND_BYTES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}  # by the upper three bits
_VARIABLE = 6
_TABLE_DEFINITION, _TAB_STOPS = 0xD608, 0xC615

# In Word 6 and 95, the code has one byte and does not tell the length of the operand; None: a byte gives it.
_WORD6_OPERAND_BYTES: dict[int, int | None] = {
    2: 2,
    3: None,
    **dict.fromkeys(range(4, 12), 1),
    12: None,
    13: 1,
    14: 1,
    15: None,
    16: 2,
    17: 2,
    18: 2,
    19: 2,
    20: 4,
    21: 2,
    22: 2,
    23: None,
    24: 1,
    25: 1,
    26: 2,
    27: 2,
    28: 2,
    29: 1,
    **dict.fromkeys(range(30, 37), 2),
    37: 1,
    **dict.fromkeys(range(38, 44), 2),
    44: 1,
    **dict.fromkeys(range(45, 50), 2),
    50: 1,
    51: 1,
    65: 1,
    66: 1,
    67: 1,
    68: None,
    69: 2,
    70: 4,
    71: 1,
    72: 2,
    73: 3,
    74: None,
    75: 1,
    80: 2,
    81: None,
    82: None,
    83: 0,
    **dict.fromkeys(range(85, 93), 1),
    93: 2,
    94: 1,
    95: 3,
    96: 2,
    97: 2,
    98: 1,
    99: 2,
    100: 1,
    101: 2,
    102: 1,
    103: None,
    104: 1,
    105: None,
    106: None,
    107: 2,
    108: None,
    109: 2,
    110: 2,
    117: 1,
    118: 1,
}
_WORD6_CODES = {  # Word 6 -> Word 97, for the properties that decide about text
    24: 0x2416,
    25: 0x2417,
    65: 0x0800,
    74: 0x6A09,
    92: 0x083C,
    93: 0x4A4F,
    99: 0x4A43,
    101: 0x4845,
    104: 0x2A48,
    117: 0x0855,
}


def iterate(grpprl: bytes, *, is_word6: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield the code of each property, in the form of Word 97, and its operand. It ends where the list is damaged."""
    return _iterate_word6(grpprl) if is_word6 else _iterate(grpprl)


def _iterate(grpprl: bytes) -> Iterator[tuple[int, bytes]]:
    position, end = 0, len(grpprl)
    while position + 3 <= end:
        code = struct.unpack_from("<H", grpprl, position)[0]
        position += 2
        kind = code >> 13
        if kind != _VARIABLE:
            length = _OPERAND_BYTES[kind]
        elif code == _TABLE_DEFINITION:
            length = struct.unpack_from("<H", grpprl, position)[0] + 1 if position + 2 <= end else end
        elif code == _TAB_STOPS and grpprl[position] == 255:
            return
        else:
            length = grpprl[position] + 1
        yield code, grpprl[position : position + length]
        position += length


def _iterate_word6(grpprl: bytes) -> Iterator[tuple[int, bytes]]:
    position, end = 0, len(grpprl)
    while position < end:
        old_code = grpprl[position]
        position += 1
        if old_code not in _WORD6_OPERAND_BYTES:
            return
        length = _WORD6_OPERAND_BYTES[old_code]
        if length is None:
            length = grpprl[position] + 1 if position < end else 0
        if code := _WORD6_CODES.get(old_code):
            yield code, grpprl[position : position + length]
        position += length
