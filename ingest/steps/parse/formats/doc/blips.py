"""The photographs and scans in a Word document ([MS-ODRAW] section 2.2.23), for documents that consist of them."""

import hashlib
import re
import struct
from collections.abc import Iterator
from functools import partial

from ingest.steps.parse.formats.pictures import Picture

_START = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n")
_JPEG, _PNG = 0xF01D, 0xF01E
_HEADER_BYTES = 8
_IDENTIFIERS = (17, 33)  # bytes between the header and the picture: one or two identifiers and a tag
_MAX_PICTURES = 1_000


def find_pictures(*streams: bytes) -> list[Picture]:
    """Return the pictures in the streams of a document, equal ones once.

    Those without a record around them are parts of others.
    """
    found: dict[bytes, Picture] = {}
    for stream in streams:
        for start, end in _ranges(stream):
            key = hashlib.blake2b(stream[start:end]).digest()
            if key not in found and len(found) < _MAX_PICTURES:
                found[key] = (f"picture {len(found) + 1}", partial(_part, stream, start, end))
    return list(found.values())


def _ranges(stream: bytes) -> Iterator[tuple[int, int]]:
    for match in _START.finditer(stream):
        for identifiers in _IDENTIFIERS:
            at = match.start() - identifiers - _HEADER_BYTES
            if at < 0:
                continue
            kind, length = struct.unpack_from("<HI", stream, at + 2)
            if kind in (_JPEG, _PNG) and length > identifiers:
                yield match.start(), min(at + _HEADER_BYTES + length, len(stream))
                break


def _part(stream: bytes, start: int, end: int) -> bytes:
    return stream[start:end]
