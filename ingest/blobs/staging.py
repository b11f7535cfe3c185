"""Staging of arriving bytes in a local file, and reading of files in blocks."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import DependencyDown, TooLarge
from ingest.runtime import disk_space

BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class StagedFile:
    """Bytes in a local file: their SHA-256 in hex, their number, and the file's path."""

    sha256: str
    size: int
    path: Path


@contextmanager
def stage_file(blocks: Iterable[bytes], max_bytes: int, folder: Path | None) -> Iterator[StagedFile]:
    """Write bytes to a file in `folder`, and delete it at the end of the context unless it was moved.

    `folder` None is the system's folder for temporary files. Raises TooLarge if there are more than `max_bytes`, and
    DependencyDown if the disk of `folder` is full, or almost full (ingest/runtime/disk_space.py).
    """
    digest, size = hashlib.sha256(), 0
    with translate_os_errors():
        handle, name = tempfile.mkstemp(dir=folder)
    path = Path(name)
    try:
        with translate_os_errors(), open(handle, "wb") as file:
            for block in blocks:
                size += len(block)
                if size > max_bytes:
                    raise TooLarge(f"File is too large: at most {max_bytes:,} bytes are accepted.", param="file")
                digest.update(block)
                if folder is not None:
                    disk_space.check_room(folder)
                file.write(block)
        yield StagedFile(digest.hexdigest(), size, path)
    finally:
        path.unlink(missing_ok=True)


def sync_file(path: Path) -> None:
    """Write a file's bytes from the memory of the system to the disk. Raises OSError."""
    _sync(path, os.fdatasync)


def sync_folder(path: Path) -> None:
    """Write the names in a folder to the disk, so that a renamed file is found after a power failure. Raises OSError."""
    _sync(path, os.fsync)


def _sync(path: Path, sync: Callable[[int], None]) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def read_blocks(file: Any) -> Iterator[bytes]:
    """Yield the content of an open file in blocks, and close it at the end."""
    with file:
        while block := file.read(BLOCK_BYTES):
            yield block


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Raise DependencyDown for errors of the local file system. FileNotFoundError passes unchanged."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise DependencyDown("blobs", exc.strerror or type(exc).__name__) from exc
