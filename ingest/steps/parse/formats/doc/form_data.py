"""The data of old form fields: what a check box or a list shows ([MS-DOC] section 2.9.78)."""

import struct

_TEXT, _CHECK_BOX, _LIST = 0, 1, 2
_NOT_SET = 25
_CHECKED, _UNCHECKED = "\u2612", "\u2610"


def form_text(data: bytes, offset: int) -> str:
    """Return what a form field shows whose data is at an offset of the stream "Data", "" if it is damaged."""
    try:
        return _read(data, offset) if offset >= 0 else ""
    except (struct.error, IndexError):
        return ""


def _read(data: bytes, offset: int) -> str:
    position = offset + struct.unpack_from("<H", data, offset + 4)[0]  # behind a header
    version, bits = struct.unpack_from("<IH", data, position)
    if version != 0xFFFFFFFF:
        return ""
    kind, result = bits & 0x3, bits >> 2 & 0x1F
    position += 10
    _, position = _read_string(data, position)  # the name
    if kind == _TEXT:
        return _read_string(data, position)[0]
    default = struct.unpack_from("<H", data, position)[0]
    chosen = default if result == _NOT_SET else result
    if kind == _CHECK_BOX:
        return _CHECKED if chosen else _UNCHECKED
    position += 2
    for _ in range(5):  # a format, two texts of help, two macros
        _, position = _read_string(data, position)
    options = _read_options(data, position)
    return options[chosen] if chosen < len(options) else ""


def _read_string(data: bytes, position: int) -> tuple[str, int]:
    """Return a string with its length before and a null behind it, and the position after it."""
    length = struct.unpack_from("<H", data, position)[0]
    end = position + 2 + 2 * length
    return data[position + 2 : end].decode("utf-16-le", "replace"), end + 2


def _read_options(data: bytes, position: int) -> list[str]:
    marker, count, _ = struct.unpack_from("<HHH", data, position)
    if marker != 0xFFFF:
        return []
    position += 6
    options = []
    for _ in range(min(count, 100)):
        length = struct.unpack_from("<H", data, position)[0]
        options.append(data[position + 2 : position + 2 + 2 * length].decode("utf-16-le", "replace"))
        position += 2 + 2 * length
    return options
