"""`FolderBlobs` beyond the contract in tests/contracts/test_blobs.py."""

import os
import time
from pathlib import Path

import pytest

from ingest.blobs import (
    FolderBlobs,
)
from ingest.errors import DependencyDown
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
