"""The file of a SQLite database: damage in words for the operator, and what a full disk must not do to it."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from ingest.errors import DatabaseDamaged, DependencyDown

_DAMAGE = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_OF_FILE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_AUTH")

SQLITE_PAGE_BYTES = 4096
WAL_INDEX_BYTES = 2**19
"""Enough for a write-ahead log of 260 MB. It is usually below 16 MB."""

_DESCRIPTORS = Path("/proc/self/fd")


def describe_error(exc: BaseException | None, path: str | None) -> DependencyDown | None:
    """Return what a driver's error says about the database's file, or None if it says nothing about it."""
    name = getattr(exc, "sqlite_errorname", None) or ""
    if not isinstance(exc, sqlite3.Error) or not path:
        return None
    if name.startswith(_DAMAGE):
        return DatabaseDamaged(path, str(exc))
    if name.startswith(_OF_FILE):
        return DependencyDown("database", f"{exc} ({path})")
    return None


def refuse_lost_file(path: str | None) -> None:
    """Raise DatabaseDamaged if the file is empty or missing but the data beside it is not: it got lost.

    SQLite would create a new database, and all files would seem never to have existed.
    """
    if not path or path == ":memory:" or "?" in path:
        return
    file = Path(path)
    if any(_size(file.with_name(file.name + end)) for end in ("", "-wal")):
        return
    blobs = file.parent / "blobs" / "raw"
    with suppress(OSError):
        if any(blobs.iterdir()):
            state = "is empty" if file.exists() else "is missing"
            raise DatabaseDamaged(path, f"it {state}, although {blobs} has uploaded files")


def allocate_wal_index(connection: Any, path: str | None) -> None:
    """Allocate the shared memory of the write-ahead log (`-shm`), where SQLite itself would leave holes in it.

    SQLite writes one byte in 4,096 when it grows this file. With smaller blocks, a full disk would kill the process by
    SIGBUS at the first write to a hole. The file may only be reached through SQLite's own descriptor: to open and close it
    would release SQLite's locks.
    """
    if not path or path == ":memory:":
        return
    with suppress(OSError):
        if os.statvfs(Path(path).parent).f_frsize >= SQLITE_PAGE_BYTES:
            return
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()  # opens the file
        target = os.path.realpath(path) + "-shm"
        for entry in _DESCRIPTORS.iterdir():
            with suppress(OSError):
                if os.readlink(entry) == target:
                    os.posix_fallocate(int(entry.name), 0, WAL_INDEX_BYTES)
                    return


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
