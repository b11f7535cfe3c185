"""Take the content out of signed S/MIME messages without a crypto library (CMS, RFC 5652). Signatures are not checked."""

import zlib
from collections.abc import Iterator

_SIGNED = bytes.fromhex("2a864886f70d010702")
_ENVELOPED = bytes.fromhex("2a864886f70d010703")
_COMPRESSED = bytes.fromhex("2a864886f70d0109100109")
_OBJECT_IDENTIFIER, _OCTET_STRING, _CONTEXT_0 = 0x06, 0x04, 0xA0
_CONSTRUCTED_OCTET_STRING = 0x24
_MAX_DEPTH = 30
_MAX_UNPACKED_BYTES = 256 * 2**20


def signed_content(data: bytes) -> bytes | None:
    """Return the signed or compressed content of a CMS message, or None if it is encrypted, detached or damaged."""
    try:
        outer = list(_elements(_first(data, 0x30)))
        identifier = outer[0][1]
        if identifier not in (_SIGNED, _COMPRESSED):
            return None
        sequence = _first(outer[1][1], 0x30)
        for tag, content in _elements(sequence):
            if tag == 0x30 and (inner := list(_elements(content))) and inner[0][0] == _OBJECT_IDENTIFIER:
                payload = _join_octets(inner[1][1], 0) if len(inner) > 1 and inner[1][0] == _CONTEXT_0 else b""
                return _unpack(payload) if identifier == _COMPRESSED else payload or None
    except (ValueError, IndexError, zlib.error):
        return None
    return None


def is_enveloped(data: bytes) -> bool:
    """Return whether a CMS message is encrypted."""
    return _ENVELOPED in data[:64]


def _first(data: bytes, tag: int) -> bytes:
    found, content = next(_elements(data), (0, b""))
    if found != tag:
        raise ValueError("another element was expected")
    return content


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and content of each element in BER. Raises ValueError for damaged data."""
    position = 0
    while position + 2 <= len(data):
        tag = data[position]
        if tag == 0 and data[position + 1] == 0:  # the end of an element of indefinite length
            return
        start, length = _read_length(data, position + 1)
        end = _end_of_indefinite(data, start, 0) if length is None else start + length
        if end > len(data):
            raise ValueError("an element is longer than the data")
        yield tag, data[start:end]
        position = end + 2 if length is None else end


def _read_length(data: bytes, position: int) -> tuple[int, int | None]:
    """Return where the content starts and its length, which is None if it is indefinite."""
    if position >= len(data):
        raise ValueError("a length is cut off")
    first = data[position]
    if first < 0x80:
        return position + 1, first
    size = first & 0x7F
    if not size:
        return position + 1, None
    if size > 6 or position + 1 + size > len(data):
        raise ValueError("a length is too long")
    return position + 1 + size, int.from_bytes(data[position + 1 : position + 1 + size], "big")


def _end_of_indefinite(data: bytes, position: int, depth: int) -> int:
    """Return where the content of an element of indefinite length ends."""
    if depth > _MAX_DEPTH:
        raise ValueError("elements are nested too deep")
    while position + 2 <= len(data):
        if data[position] == 0 and data[position + 1] == 0:
            return position
        start, length = _read_length(data, position + 1)
        position = _end_of_indefinite(data, start, depth + 1) + 2 if length is None else start + length
    raise ValueError("an element has no end")


def _join_octets(data: bytes, depth: int) -> bytes:
    """Return an octet string, which may be cut into pieces."""
    if depth > _MAX_DEPTH:
        raise ValueError("elements are nested too deep")
    pieces = []
    for tag, content in _elements(data):
        if tag == _OCTET_STRING:
            pieces.append(content)
        elif tag == _CONSTRUCTED_OCTET_STRING:
            pieces.append(_join_octets(content, depth + 1))
    return b"".join(pieces)


def _unpack(data: bytes) -> bytes:
    return zlib.decompressobj().decompress(data, _MAX_UNPACKED_BYTES)
