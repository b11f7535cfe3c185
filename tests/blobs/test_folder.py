"""`FolderBlobs` beyond the contract in tests/contracts/test_blobs.py."""

import os
import time
from pathlib import Path

import pytest

from ingest.blobs import (
    FolderBlobs,
)
from ingest.errors import DependencyDown
from ingest.runtime.disk_space import DiskSpace
from tests.blobs.buckets import store_bytes


def test_staged_files_of_a_killed_writer_are_deleted_after_an_hour(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    old, young = tmp_path / "partial" / "old", tmp_path / "partial" / "young"
    for path in (old, young):
        path.write_bytes(b"half a file")
    os.utime(old, (time.time() - 3_700,) * 2)

    blobs.delete_stale_partials()

    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_written_raises_dependency_down(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "text").write_text("a file where a folder should be")

    with pytest.raises(DependencyDown):
        blobs.write("text/aa00-1-", b"x")


def test_a_folder_that_was_removed_raises_dependency_down(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "blobs")
    blobs.ping()
    (tmp_path / "blobs" / "partial").rmdir()

    with pytest.raises(DependencyDown, match="the folder is gone"):
        blobs.ping()


def test_storing_equal_bytes_again_resets_the_age(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    key = store_bytes(blobs, b"x")
    os.utime(tmp_path / "raw" / key[4:6] / key[4:], (time.time() - 3_700,) * 2)
    assert blobs.age_seconds(key) > 3_600

    store_bytes(blobs, b"x")

    assert blobs.age_seconds(key) < 60


def test_bytes_and_name_are_on_the_disk_before_the_blob_counts_as_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FolderBlobs(tmp_path)
    calls: list[tuple[str, str]] = []

    def record(name: str) -> None:
        real = getattr(os, name)

        def sync(descriptor: int) -> None:
            calls.append((name, os.readlink(f"/proc/self/fd/{descriptor}")))
            real(descriptor)

        monkeypatch.setattr(os, name, sync)

    with blobs.stage([b"x"], max_bytes=1) as staged:
        record("fdatasync")
        record("fsync")
        blobs.store(staged, f"raw/{staged.sha256}")

    folder = tmp_path / "raw" / staged.sha256[:2]
    assert calls == [("fdatasync", str(staged.path)), ("fsync", str(tmp_path / "raw")), ("fsync", str(folder))]


def test_a_disk_without_its_reserve_takes_no_more_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.write("text/aa00-1-", b"x")
    monkeypatch.setattr("ingest.runtime.disk_space.read", lambda _: DiskSpace(10 * 2**20, 2**40, 0, 0))

    with pytest.raises(DependencyDown, match="10 MiB are free, and 200 MiB must stay free"):
        blobs.write("text/bb00-1-", b"x")
    with pytest.raises(DependencyDown, match="the disk is full"):
        blobs.ping()
    assert blobs.read("text/aa00-1-") == b"x"
    blobs.delete("text/aa00-1-")
    assert list((tmp_path / "partial").iterdir()) == []
