"""The data folder at the start: missing, read-only, full, or open to others."""

import errno
import os
from pathlib import Path

import pytest

from ingest.embedded.data_folder import make_data_folder, prepare_data_folder
from ingest.embedded.supervisor import lock_data_folder
from ingest.errors import Refused
from ingest.runtime import disk_space
from ingest.runtime.disk_space import DiskSpace


def test_a_data_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    make_data_folder(tmp_path / "data")
    make_data_folder(tmp_path / "data")

    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_missing_parent_is_refused_because_a_disk_may_not_be_mounted(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"there is no folder {tmp_path}/mnt"):
        make_data_folder(tmp_path / "mnt" / "data")


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").touch()

    with pytest.raises(Refused, match="File exists"):
        make_data_folder(tmp_path / "data")
    with pytest.raises(Refused), lock_data_folder(tmp_path / "data"):
        raise AssertionError("the lock was taken")


def test_a_folder_that_cannot_be_written_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(disk_space, "check_writable", refuse)

    with pytest.raises(Refused, match=f"{tmp_path} cannot be written: Read-only file system"):
        prepare_data_folder(tmp_path, print)


def test_changed_permissions_and_an_almost_full_disk_are_said_in_a_line_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    tmp_path.chmod(0o755)
    monkeypatch.setattr(disk_space, "read", lambda _: DiskSpace(1, 10**9, 0, 0))

    prepare_data_folder(tmp_path, lines.append)

    assert [line.partition(";")[0] for line in lines] == [
        f"other users could enter 1 files or folders of {tmp_path}",
        "the disk is full: 0 MiB are free, and 48 MiB must stay free",
    ]
