"""TNEF (winmail.dat): the body and the attachments that Outlook wraps into one attachment ([MS-OXTNEF])."""

import struct
from collections.abc import Iterator

from ingest.errors import FileError
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail import mapi
from ingest.steps.parse.formats.mail.headers import decode_bytes
from ingest.steps.parse.formats.mail.mapi import Properties
from ingest.steps.parse.nested import add_nested

_SIGNATURE = 0x223E9F78
_BODY, _MESSAGE_PROPERTIES = 0x0002800C, 0x00069003
_ATTACHMENT_START, _ATTACHMENT_TITLE, _ATTACHMENT_DATA, _ATTACHMENT_PROPERTIES = (
    0x00069002,
    0x00018010,
    0x0006800F,
    0x00069005,
)
_FIXED_BYTES = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_COUNTED_TYPES = (0x001E, 0x001F, 0x000D, 0x0102)
_NAMED = 0x8000
_MULTIPLE = 0x1000
_MAX_PROPERTIES = 5_000


def add_tnef(builder: TextBuilder, data: bytes, name: str) -> None:
    """Add the body and the attachments in a TNEF stream. A damaged stream is a warning."""
    attachments: list[tuple[str, bytes]] = []
    try:
        for identifier, value in _attributes(data):
            if identifier == _BODY:
                builder.add_block(decode_bytes(value.rstrip(b"\0")))
            elif identifier == _MESSAGE_PROPERTIES:
                mapi.add_body(builder, _read_properties(value))
            elif identifier == _ATTACHMENT_START:
                attachments.append(("", b""))
            elif attachments and identifier == _ATTACHMENT_TITLE:
                attachments[-1] = (decode_bytes(value.rstrip(b"\0")), attachments[-1][1])
            elif attachments and identifier == _ATTACHMENT_DATA:
                attachments[-1] = (attachments[-1][0], value)
            elif attachments and identifier == _ATTACHMENT_PROPERTIES:
                properties = _read_properties(value)
                content = attachments[-1][1] or properties.binary(mapi.DATA)
                attachments[-1] = (properties.text(mapi.LONG_NAME) or attachments[-1][0], content)
    except (ValueError, struct.error, FileError) as exc:
        builder.report.count("attachment", "failed")
        builder.report.warn(
            "attachment_not_read", f"An attachment is damaged ({type(exc).__name__}).", f"attachment {name}"
        )
    for title, content in attachments:
        if content:
            add_nested(builder, content, title or "unnamed")


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the attributes of a stream. Raises ValueError if it is cut off or is no TNEF."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise ValueError("the stream is not TNEF")
    position = 6
    while position + 9 <= len(data):
        identifier, length = struct.unpack_from("<II", data, position + 1)
        if position + 9 + length > len(data):
            raise ValueError("the stream is cut off")
        yield identifier, data[position + 9 : position + 9 + length]
        position += 9 + length + 2  # a checksum follows


def _read_properties(data: bytes) -> Properties:
    """Return the properties in a MAPI attribute, as far as they can be read."""
    numbers: dict[int, int] = {}
    streams: dict[tuple[int, int], bytes] = {}
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, _MAX_PROPERTIES)):
        kind, identifier = struct.unpack_from("<HH", data, position)
        position += 4
        if identifier >= _NAMED:
            position = _skip_name(data, position)
        base = kind & ~_MULTIPLE
        repeats = 1
        if kind & _MULTIPLE or base in _COUNTED_TYPES:
            (repeats,) = struct.unpack_from("<I", data, position)
            position += 4
        for _ in range(min(repeats, _MAX_PROPERTIES)):
            if base in _COUNTED_TYPES:
                (length,) = struct.unpack_from("<I", data, position)
                streams.setdefault((identifier, base), data[position + 4 : position + 4 + length])
                position += 4 + length + -length % 4
            else:
                width = _FIXED_BYTES.get(base, 4)
                numbers[identifier] = int.from_bytes(data[position : position + width], "little")
                position += width
    return Properties(numbers, streams)


def _skip_name(data: bytes, position: int) -> int:
    """Return the position behind the name of a named property."""
    (kind,) = struct.unpack_from("<I", data, position + 16)
    if kind == 0:
        return position + 24
    (length,) = struct.unpack_from("<I", data, position + 20)
    return position + 24 + int(length) + -int(length) % 4
