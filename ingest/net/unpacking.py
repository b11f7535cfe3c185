"""Bodies that a server packed although it was asked not to: unpacked in small pieces, within bounds."""

import zlib
from collections.abc import Iterator

from ingest.net.egress_guard import Unreachable

MAX_RATIO = 200
"""Unpacked bytes for each packed one. Text reaches 20, logs 100, and a bomb 1,000."""

FREE_BYTES = 16 * 2**20
"""The ratio of fewer unpacked bytes is not looked at."""

_BLOCK_BYTES = 64 * 1024
_GZIP_START = b"\x1f"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def unpack(blocks: Iterator[bytes], encoding: str, max_bytes: int) -> Iterator[bytes]:
    """Yield a body without its Content-Encoding. Raises Unreachable when it is larger than `max_bytes`, or a bomb."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Unreachable(f"The server packs its answers ({encoding[:40]}), although it is asked not to")
    plain = blocks if encoding in ("", "identity") else _inflate(blocks)
    size = 0
    for block in plain:
        size += len(block)
        if size > max_bytes:
            raise Unreachable(f"Larger than {max_bytes:,} bytes")
        yield block


def _inflate(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the unpacked bytes of a zlib stream, or of several gzip members."""
    decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
    packed = unpacked = 0
    for block in blocks:
        packed += len(block)
        while block:
            if decompressor.eof:
                if not block.startswith(_GZIP_START):
                    return  # padding
                decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
            try:
                piece = decompressor.decompress(block, _BLOCK_BYTES)
            except zlib.error as exc:
                raise Unreachable(f"The packed answer of the server is damaged: {exc}") from exc
            block = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            unpacked += len(piece)
            if unpacked > FREE_BYTES and unpacked > MAX_RATIO * packed:
                raise Unreachable("The answer of the server unpacks to far more bytes than it has")
            if piece:
                yield piece
    if packed and not decompressor.eof:
        yield from _rest(decompressor)


def _rest(decompressor: "zlib._Decompress") -> Iterator[bytes]:
    rest = decompressor.flush(_BLOCK_BYTES)
    if not decompressor.eof:
        raise Unreachable("The packed answer of the server is cut off")
    yield rest
