"""The character encoding of a manifest: UTF-8, UTF-16, or windows-1252 as spreadsheets write it."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import Refused

CSV_SUFFIXES = (".csv", ".tsv")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")

_BLOCK_BYTES = 64 * 1024
_HEAD_BYTES = 4096
_MIN_NUL_SHARE = 0.3
"""Of the bytes at even or at odd positions. Text in Latin letters has nearly 1.0 in UTF-16, and 0.0 in UTF-8."""

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, ""), (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""UTF-32 before UTF-16, because its mark begins like the other one. "" is refused."""


def manifest_encoding(path: Path, address: str) -> str:
    """Return the name of a codec that can read the whole manifest.

    Plain text may contain bytes that are not UTF-8: they are names of files as the file system has them. Raises Refused
    with the line that cannot be read, and OSError.
    """
    suffix = Path(address).suffix.lower()
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    codec = _codec_of_head(head, address)
    if (line := _first_undecodable_line(path, codec)) is None:
        return codec
    if codec == "utf-16" or codec.startswith("utf-16-"):
        raise Refused(f"The manifest {address} begins as UTF-16, but line {line} is not.")
    if suffix in CSV_SUFFIXES and codec == "utf-8-sig" and not head.startswith(codecs.BOM_UTF8):
        if (line := _first_undecodable_line(path, "cp1252")) is None:
            return "cp1252"
        raise Refused(f"The manifest {address} is neither UTF-8, UTF-16 nor windows-1252: see line {line}.")
    if suffix in (*CSV_SUFFIXES, *JSON_LINES_SUFFIXES):
        raise Refused(f"The manifest {address} is not UTF-8: see line {line}.")
    return codec


def _codec_of_head(head: bytes, address: str) -> str:
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            if not codec:
                raise Refused(f"The manifest {address} is UTF-32. Save it as UTF-8.")
            return codec
    if b"\0" in head:
        for offset, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
            half = head[offset::2]
            if half.count(0) > _MIN_NUL_SHARE * len(half):
                return codec
    return "utf-8-sig"


def _first_undecodable_line(path: Path, codec: str) -> int | None:
    """Return the number of the first line that the codec cannot decode, or None."""
    decoder = codecs.getincrementaldecoder(codec)()
    line = 1
    for block, is_last in _blocks(path):
        try:
            line += decoder.decode(block, is_last).count("\n")
        except UnicodeDecodeError as exc:
            return line + exc.object[: exc.start].count(b"\n")
    return None


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield block, False
    yield b"", True
