"""Bytes on their way: from whoever sends them into a file here, and in blocks to whoever reads them."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import DependencyDown, TooLarge

BLOCK = 2**20


@dataclass(frozen=True)
class Staged:
    """Bytes that have arrived: their SHA-256 (hex, the blob's name), their number, and the file they wait in."""

    sha256: str
    size: int
    path: Path


@contextmanager
def stage(blocks: Iterable[bytes], max_bytes: int, folder: Path | None) -> Iterator[Staged]:
    """Bytes in a file of a folder (the system's for temporary files), which goes at the end unless it was moved."""
    digest, size = hashlib.sha256(), 0
    with translated():
        handle, name = tempfile.mkstemp(dir=folder)
    path = Path(name)
    try:
        with translated(), open(handle, "wb") as file:
            for block in blocks:
                size += len(block)
                if size > max_bytes:
                    raise TooLarge(f"File is too large: at most {max_bytes:,} bytes are accepted.", param="file")
                digest.update(block)
                file.write(block)
        yield Staged(digest.hexdigest(), size, path)
    finally:
        path.unlink(missing_ok=True)


def blocks_of(file: Any) -> Iterator[bytes]:
    """What an open file has, in blocks; it is closed at the end."""
    with file:
        while block := file.read(BLOCK):
            yield block


@contextmanager
def translated() -> Iterator[None]:
    """Errors of this machine's files as DependencyDown; but FileNotFoundError stays what it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise DependencyDown("blobs", exc.strerror or type(exc).__name__) from exc
