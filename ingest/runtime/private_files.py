"""Files that only their owner can read: the mask of new ones, and the permissions of those that exist.

Decision: deploy/docs/decisions/0025-secrets-at-rest.md.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

OWN_ENTRIES = (
    *("ingest.db", "ingest.db-wal", "ingest.db-shm", "lock", "secrets.key"),
    *("blobs", "logs", "models", "run", "valkey", "vectors"),
)
"""What the service makes in a data folder. Other files there are not ours to change."""

_FLAT_FOLDERS = frozenset({"logs", "run", "valkey"})
"""Folders whose files are changed as well. Of the others only the folder is, because they may hold millions of files."""


def restrict_new_files() -> None:
    """Let only this user read what this process and its children create. Call it at the start of a process."""
    os.umask(0o077)


@contextmanager
def public_files() -> Iterator[None]:
    """Let every user read what is created within the context: published models, which processes of other users load."""
    mask = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(mask)


def restrict_data_folder(data: Path) -> int:
    """Take the permissions of other users from a data folder and the service's files in it. Returns how many had some.

    A folder with the sticky bit is shared on purpose, such as /tmp: only the service's own entries are changed then.
    Raises OSError.
    """
    changed = 0 if data.stat().st_mode & stat.S_ISVTX else _restrict(data)
    for entry in (data / name for name in OWN_ENTRIES):
        changed += _restrict(entry)
        if entry.name in _FLAT_FOLDERS and entry.is_dir():
            changed += sum(_restrict(file) for file in entry.iterdir())
    return changed


def _restrict(path: Path) -> int:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return 0
    if stat.S_ISLNK(mode) or not mode & _OTHERS:
        return 0
    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
    return 1
