"""Room on the disk: the engine must not begin a write that kills the process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.embedded.vectors.errors import DiskFull
from ingest.embedded.vectors.room import Room
from ingest.runtime import disk_space
from ingest.runtime.disk_space import DiskSpace

MIB = 2**20


@pytest.fixture
def set_free(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_free(mib: int) -> None:
        monkeypatch.setattr(disk_space, "read", lambda _: DiskSpace(mib * MIB, 1_000 * MIB, 0, 0))

    return set_free


def test_writes_stop_at_the_reserve_and_deletions_at_a_quarter_of_it(
    tmp_path: Path, set_free: Callable[[int], None]
) -> None:
    disk = Room(tmp_path)
    set_free(51)
    disk.check()
    disk.check(is_deletion=True)

    set_free(49)
    with pytest.raises(DiskFull, match="No space left on device: the disk is full: 49 MiB are free"):
        disk.check()
    assert not disk.is_enough
    disk.check(is_deletion=True)

    set_free(12)
    with pytest.raises(DiskFull):
        disk.check(is_deletion=True)

    set_free(60)
    assert disk.is_enough


def test_a_quota_stops_writes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(disk_space, "check_allocatable", refuse)

    with pytest.raises(DiskFull, match="Disk quota exceeded"):
        Room(tmp_path).check(is_deletion=True)
