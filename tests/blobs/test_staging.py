"""Staging of arriving bytes in a local file."""

import hashlib
from pathlib import Path

import pytest

from ingest.blobs.staging import BLOCK_BYTES, read_blocks, stage_file, translate_os_errors
from ingest.errors import DependencyDown, TooLarge


def test_a_staged_file_has_the_hash_and_the_size_of_its_bytes(tmp_path: Path) -> None:
    with stage_file([b"one ", b"two"], 100, tmp_path) as staged:
        assert staged.path.read_bytes() == b"one two"
        assert (staged.sha256, staged.size) == (hashlib.sha256(b"one two").hexdigest(), 7)

    assert list(tmp_path.iterdir()) == []


def test_a_staged_file_that_was_moved_away_is_kept(tmp_path: Path) -> None:
    with stage_file([b"x"], 100, tmp_path) as staged:
        staged.path.rename(tmp_path / "moved")

    assert [path.name for path in tmp_path.iterdir()] == ["moved"]


def test_too_many_bytes_are_refused_before_the_rest_is_read(tmp_path: Path) -> None:
    blocks = iter([b"x" * 60, b"x" * 60, b"never read"])

    with pytest.raises(TooLarge), stage_file(blocks, 100, tmp_path):
        pass

    assert list(blocks) == [b"never read"]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_raises_dependency_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(DependencyDown), stage_file([b"x"], 100, tmp_path / "file"):
        pass


def test_a_missing_file_does_not_raise_dependency_down(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), translate_os_errors():
        (tmp_path / "missing").read_bytes()


def test_a_file_is_read_in_blocks_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (BLOCK_BYTES + 1))
    file = path.open("rb")

    assert [len(block) for block in read_blocks(file)] == [BLOCK_BYTES, 1]
    assert file.closed
