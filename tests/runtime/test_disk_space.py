"""What must stay free on a disk, and the probes for a full one."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ingest.runtime import disk_space
from ingest.runtime.disk_space import DiskSpace

GIB = 2**30


@pytest.mark.parametrize(
    ("free", "total", "files", "expected"),
    [
        (201 * 2**20, 100 * GIB, (0, 0), None),
        (199 * 2**20, 100 * GIB, (0, 0), "199 MiB are free, and 200 MiB must stay free"),
        (40 * 2**20, 400 * 2**20, (1_000, 9_000), None),
        (19 * 2**20, 400 * 2**20, (1_000, 9_000), "19 MiB are free, and 20 MiB must stay free"),
        (40 * 2**20, 400 * 2**20, (99, 9_000), "99 more files are possible"),
    ],
)
def test_a_disk_is_full_when_its_reserve_would_be_used(
    free: int, total: int, files: tuple[int, int], expected: str | None
) -> None:
    shortage = DiskSpace(free, total, *files).shortage

    assert shortage is None if expected is None else expected in (shortage or "")


def test_a_folder_with_room_passes_every_check_and_keeps_nothing(tmp_path: Path) -> None:
    disk_space.check_room(tmp_path)
    disk_space.check_writable(tmp_path)
    disk_space.check_allocatable(tmp_path, 2**20)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.EDQUOT, errno.ENOSPC])
def test_a_quota_that_is_used_up_fails_the_probes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", refuse)

    for check in (disk_space.check_writable, lambda folder: disk_space.check_allocatable(folder, 2**20)):
        with pytest.raises(OSError, match=os.strerror(number)):
            check(tmp_path)
    assert list(tmp_path.iterdir()) == []
