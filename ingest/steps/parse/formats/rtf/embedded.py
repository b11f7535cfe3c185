"""Objects embedded in RTF: OLE 1.0 data, which wraps a compound file or a "package" with any file ([MS-OLEDS] 2.2)."""

import re
import struct
from dataclasses import dataclass

_NOT_HEX = re.compile(rb"[^0-9a-fA-F]+")
_EMBEDDED = 2  # FormatID of an object whose data is in the file
_SUFFIXES = {"Excel": ".xls", "Word": ".doc", "PowerPoint": ".ppt", "PBrush": ".bmp", "AcroExch": ".pdf"}
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


_PICTURE_KIND = re.compile(rb"\\(?:png|jpeg)blip\b")
_PICTURE_HEAD_BYTES = 2_000
_MAX_PICTURE_GROUP = 64 * 2**20
_IN_PICTURE = re.compile(rb"\{[^{}]*\}|\\[a-z]+-?\d*|\\\*")


@dataclass(frozen=True)
class EmbeddedFile:
    """A file in a document."""

    name: str
    data: bytes


def read_object(hexadecimal: bytes, number: int) -> EmbeddedFile | None:
    r"""Return the file in the digits of `\objdata`, or None if the object is no file that can be read."""
    digits = _NOT_HEX.sub(b"", hexadecimal)
    data = bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
    try:
        return _read_ole1(data, number)
    except (struct.error, ValueError):
        return None


def _read_ole1(data: bytes, number: int) -> EmbeddedFile | None:
    if struct.unpack_from("<I", data, 4)[0] != _EMBEDDED:
        return None
    position, class_name = 8, b""
    for field in range(3):  # the class, and two names of the source
        length = struct.unpack_from("<I", data, position)[0]
        if field == 0:
            class_name = data[position + 4 : position + 4 + length].rstrip(b"\0")
        position += 4 + length
    size = struct.unpack_from("<I", data, position)[0]
    native = data[position + 4 : position + 4 + size]
    name = class_name.decode("cp1252", "replace")
    if name == "Package":
        return read_package(native)
    if native.startswith((_COMPOUND_FILE, b"PK\3\4", b"%PDF-", b"{\\rtf")):
        suffix = next((suffix for start, suffix in _SUFFIXES.items() if name.startswith(start)), ".bin")
        return EmbeddedFile(f"Object {number}{suffix}", native)
    return None


def read_package(native: bytes) -> EmbeddedFile | None:
    """Return the file in the data of the Object Packager. Raises ValueError or struct.error if it is damaged."""
    position = 2  # the kind of the package
    label_end = native.index(b"\0", position)
    label = native[position:label_end]
    position = native.index(b"\0", label_end + 1) + 1  # the path of the icon
    position += 4  # the number of the icon, and a kind
    path_length = struct.unpack_from("<I", native, position)[0]
    position += 4 + path_length
    size = struct.unpack_from("<I", native, position)[0]
    content = native[position + 4 : position + 4 + size]
    name = label.decode("cp1252", "replace").replace("\\", "/").rpartition("/")[2]
    return EmbeddedFile(name or "package", content) if content else None


def is_scan(group: bytes) -> bool:
    r"""Return whether the group after `\pict` is a picture that may hold text."""
    return len(group) <= _MAX_PICTURE_GROUP and _PICTURE_KIND.search(group[:_PICTURE_HEAD_BYTES]) is not None


def read_picture(group: bytes) -> bytes:
    r"""Return the bytes of a picture whose group has its digits behind control words and groups."""
    digits = _NOT_HEX.sub(b"", _IN_PICTURE.sub(b"", _IN_PICTURE.sub(b"", group)))
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii"))
