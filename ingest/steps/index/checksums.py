"""Checksums of the texts of points. The row of a file has the sum of those of its chunks (ingest/db/models/store_file.py)."""

from collections.abc import Iterable
from hashlib import blake2b

_MODULUS = 1 << 64


def chunk_checksum(number: int, text: str) -> int:
    """Return the checksum of a chunk's number and text, from 0 to 2**64 - 1."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8, key=number.to_bytes(8, "little"))
    return int.from_bytes(digest.digest(), "little")


def add_checksums(total: int, checksums: Iterable[int]) -> int:
    """Add checksums of chunks to that of a file, in any order. The result is a signed 64-bit number, as databases store it."""
    added = (total + sum(checksums)) % _MODULUS
    return added - _MODULUS if added >= _MODULUS // 2 else added
