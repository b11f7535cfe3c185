"""Mails, Outlook messages and TNEF streams that tests build."""

import struct
from collections.abc import Mapping

from tests.steps.parse.documents import DocumentBuilder

Stream = bytes | str


def der(tag: int, *contents: bytes) -> bytes:
    """Return an element in DER."""
    content = b"".join(contents)
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def signed(content: bytes, *, pieces: int = 1, is_indefinite: bool = False) -> bytes:
    """Return a CMS message of the type signed-data, without signatures. The content may be cut into pieces."""
    octets = der(0x04, content)
    if pieces > 1:
        step = -(-len(content) // pieces)
        octets = der(0x24, *(der(0x04, content[at : at + step]) for at in range(0, len(content), step)))
    data = der(0x30, der(0x06, bytes.fromhex("2a864886f70d010701")), der(0xA0, octets))
    inner = der(0x30, der(0x02, b"\1"), der(0x31), data, der(0x31))
    identifier = der(0x06, bytes.fromhex("2a864886f70d010702"))
    if is_indefinite:
        return b"\x30\x80" + identifier + b"\xa0\x80" + inner + b"\0\0\0\0"
    return der(0x30, identifier, der(0xA0, inner))


def lzfu(rtf: bytes) -> bytes:
    """Return RTF in the compressed form, with literal bytes only."""
    body = b"".join(b"\0" + rtf[at : at + 8] for at in range(0, len(rtf), 8))
    return struct.pack("<II4sI", len(body) + 12, len(rtf), b"LZFu", 0) + body


def properties(values: Mapping[int, str | bytes | int], header_bytes: int) -> dict[str, bytes]:
    """Return the streams of a storage with MAPI properties: strings, bytes and numbers."""
    table = bytes(header_bytes)
    streams = {}
    for identifier, value in values.items():
        if isinstance(value, int):
            table += struct.pack("<HHIQ", 0x0003, identifier, 6, value)
            continue
        kind, data = (0x001F, value.encode("utf-16-le")) if isinstance(value, str) else (0x0102, value)
        table += struct.pack("<HHIII", kind, identifier, 6, len(data), 0)
        streams[f"__substg1.0_{identifier:04X}{kind:04X}"] = data
    return {"__properties_version1.0": table} | streams


def outlook(values: Mapping[int, str | bytes | int], documents: DocumentBuilder) -> bytes:
    """Return an Outlook message without recipients and attachments."""
    return documents.ole(properties(values, 32))


def tnef(body: str, attachments: Mapping[str, bytes]) -> bytes:
    """Return a TNEF stream."""

    def attribute(level: int, identifier: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    stream = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x0002800C, body.encode() + b"\0")
    for name, content in attachments.items():
        stream += attribute(2, 0x00069002, bytes(14))
        stream += attribute(2, 0x00018010, name.encode() + b"\0") + attribute(2, 0x0006800F, content)
    return stream
