"""Single files that are compressed (.gz, .bz2, .xz): what is inside is read as the file that it is."""

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import IO, Any

from ingest.errors import InvalidFile, OversizedFile
from ingest.steps.parse.nested import read_nested
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.signatures import ARCHIVE, unsupported

_MAX_BYTES = 256 * 2**20
_MAX_RATIO = 1_000
_MIN_BYTES_FOR_RATIO = 64 * 2**20
_BLOCK_BYTES = 2**20
_TAR_SIGNATURE_OFFSET = 257
_HAS_NAME, _HAS_EXTRA = 8, 4  # flags of a gzip header (RFC 1952, section 2.3)
_OPENERS: tuple[tuple[bytes, Any], ...] = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))


def read(path: Path) -> ParsedText:
    """Return the text of the file that is compressed in another.

    Raises UnsupportedFile for a tar archive, InvalidFile for a damaged file and for one that grows too much.
    """
    with path.open("rb") as file:
        head = file.read(512)
    opener = next(opener for signature, opener in _OPENERS if head.startswith(signature))
    try:
        with opener(path) as source:
            data = _read_bounded(source, path.stat().st_size)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as exc:
        raise InvalidFile("The file is damaged: it cannot be decompressed to its end.") from exc
    if data.startswith(b"ustar", _TAR_SIGNATURE_OFFSET):
        raise unsupported(ARCHIVE)
    return read_nested(data, _original_name(head))


def _read_bounded(source: IO[bytes], packed_bytes: int) -> bytes:
    blocks: list[bytes] = []
    length = 0
    while block := source.read(_BLOCK_BYTES):
        blocks.append(block)
        length += len(block)
        if length > _MAX_BYTES or (length > _MIN_BYTES_FOR_RATIO and length > _MAX_RATIO * packed_bytes):
            raise OversizedFile(f"The file would grow from {packed_bytes} to more than {length} bytes when unpacked.")
    return b"".join(blocks)


def _original_name(head: bytes) -> str:
    """Return the name that a gzip header gives for the file inside, or ""."""
    if not head.startswith(b"\x1f\x8b") or len(head) < 10 or not head[3] & _HAS_NAME or head[3] & _HAS_EXTRA:
        return ""
    return head[10:].partition(b"\0")[0].decode("latin-1").rpartition("/")[2]
