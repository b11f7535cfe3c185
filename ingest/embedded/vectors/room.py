"""Room on the disk, checked before the engine writes.

The engine maps sparse files into memory, about 260 MB a collection. A write to a page without a block on a full disk kills
the process with SIGBUS, so it must not begin.
"""

import time
from pathlib import Path

from ingest.embedded.vectors.errors import DiskFull
from ingest.runtime import disk_space

ALLOCATION_SECONDS = 1.0
"""How long a successful test allocation counts. It finds a quota, and takes 0.1 ms; `statvfs` takes 1 us."""

DELETION_SHARE = 0.25
"""The share of the reserve that deletions need: they must go on when nothing else may be written."""


class Room:
    """The room on the disk of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._allocated_at = 0.0

    def check(self, *, is_deletion: bool = False) -> None:
        """Raise DiskFull if the disk has no room for a write."""
        try:
            space = disk_space.read(self._folder)
            if not is_deletion or space.free_bytes < space.reserve_bytes * DELETION_SHARE:
                disk_space.check_room(self._folder)
            self._allocate(int(space.reserve_bytes * DELETION_SHARE))
        except OSError as exc:
            raise DiskFull(f"No space left on device: {exc.strerror}") from exc

    @property
    def is_enough(self) -> bool:
        """Whether the disk has room for a write."""
        try:
            self.check()
        except DiskFull:
            return False
        return True

    def _allocate(self, size: int) -> None:
        now = time.monotonic()
        if now - self._allocated_at >= ALLOCATION_SECONDS:
            disk_space.check_allocatable(self._folder, size)
            self._allocated_at = now
