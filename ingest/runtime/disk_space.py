"""Free space of the disks below the service's data: how much there is, how much must stay free, and whether writes work."""

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

RESERVE_BYTES = 200 * 2**20
RESERVE_SHARE = 0.05
"""The smaller of both stays free for the database, deletions and logs: uploads and points are refused below it.

Without it, a disk full of uploads has no room for the transaction that deletes them.
"""

RESERVE_FILES = 100
"""Inodes that stay free, where the file system has a fixed number of them."""

_PROBE = b"\0" * 4096


@dataclass(frozen=True)
class DiskSpace:
    """What is free on the disk of a folder, for this user. File systems without a fixed number of inodes have 0 `files`."""

    free_bytes: int
    total_bytes: int
    free_files: int
    files: int

    @property
    def reserve_bytes(self) -> int:
        """The bytes that must stay free."""
        return min(RESERVE_BYTES, int(self.total_bytes * RESERVE_SHARE))

    @property
    def shortage(self) -> str | None:
        """Why nothing more may be stored, in words for the operator; None if there is room."""
        if self.free_bytes < self.reserve_bytes:
            free, reserve = self.free_bytes / 2**20, self.reserve_bytes / 2**20
            return f"the disk is full: {free:,.0f} MiB are free, and {reserve:,.0f} MiB must stay free"
        if self.files > 0 and self.free_files < RESERVE_FILES:
            return (
                f"the disk is full: {self.free_files} more files are possible, and {RESERVE_FILES} must stay possible"
            )
        return None


def read(folder: Path) -> DiskSpace:
    """Return the free space of a folder's disk. Raises OSError."""
    facts = os.statvfs(folder)
    return DiskSpace(
        free_bytes=facts.f_bavail * facts.f_frsize,
        total_bytes=facts.f_blocks * facts.f_frsize,
        free_files=facts.f_favail,
        files=facts.f_files,
    )


def check_room(folder: Path) -> None:
    """Raise OSError (ENOSPC) if less is free on a folder's disk than must stay free."""
    if shortage := read(folder).shortage:
        raise OSError(errno.ENOSPC, shortage)


def check_allocatable(folder: Path, size: int) -> None:
    """Allocate `size` bytes in a folder and free them. Raises OSError, also for a quota that `statvfs` does not show."""
    with tempfile.TemporaryFile(dir=folder, prefix=".probe-", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, max(size, len(_PROBE)))


def check_writable(folder: Path) -> None:
    """Create, write and delete a file in a folder. Raises OSError if that fails: a full or read-only disk, a quota."""
    with tempfile.TemporaryFile(dir=folder, prefix=".probe-", buffering=0) as file:
        file.write(_PROBE)
        os.posix_fallocate(file.fileno(), 0, len(_PROBE))
