"""The records of the parts of a binary workbook ([MS-XLSB] section 2.1.4)."""

import struct
from collections.abc import Iterator


def read_records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the type, start and end of each record ([MS-XLSB] section 2.1.4). A cut record ends the part."""
    position, size = 0, len(data)
    while position < size:
        kind = data[position]
        position += 1
        if kind & 0x80 and position < size:
            kind = kind & 0x7F | (data[position] & 0x7F) << 7
            position += 1
        if position == size:
            return
        length = shift = 0
        while position < size and shift < 28:
            byte = data[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if position + length > size:
            return
        yield kind, position, position + length
        position += length


def read_string(data: bytes, position: int, end: int) -> tuple[str, int]:
    """Return a string (XLWideString) and the position behind it."""
    if position + 4 > end:
        return "", end
    (length,) = struct.unpack_from("<I", data, position)
    if length == 0xFFFFFFFF:  # a string that is null
        return "", position + 4
    stop = min(end, position + 4 + 2 * length)
    return data[position + 4 : stop].decode("utf-16-le", "replace"), stop
