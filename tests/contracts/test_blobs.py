"""What every place for blobs must do."""

import hashlib
import os
import time
import uuid
from pathlib import Path

import pytest

from ingest.blobs import Blobs, FolderBlobs, FsspecBlobs, connect, part, raw
from ingest.config import Settings
from ingest.errors import DependencyDown, TooLarge


@pytest.fixture(params=["folder", "fsspec"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    return FsspecBlobs(f"memory://{uuid.uuid4().hex}")


def keep(blobs: Blobs, *blocks: bytes) -> str:
    with blobs.staged(blocks, max_bytes=100) as staged:
        blobs.keep(staged, raw(staged.sha256))
    return raw(staged.sha256)


def test_bytes_come_back_under_the_hash_of_their_content(blobs: Blobs) -> None:
    name = keep(blobs, b"first ", b"second")

    assert name == raw(hashlib.sha256(b"first second").hexdigest())
    assert blobs.read(name) == b"first second"
    assert b"".join(blobs.blocks(name)) == b"first second"
    with blobs.local(name) as path:
        assert path.read_bytes() == b"first second"


def test_the_same_bytes_are_kept_once(blobs: Blobs) -> None:
    assert keep(blobs, b"same") == keep(blobs, b"same")

    assert len(list(blobs.names("raw/"))) == 1


def test_an_empty_file_is_a_blob_too(blobs: Blobs) -> None:
    assert blobs.read(keep(blobs)) == b""


def test_staged_bytes_that_are_not_kept_leave_nothing(blobs: Blobs) -> None:
    with blobs.staged([b"given up"], max_bytes=100) as staged:
        path = staged.path

    assert list(blobs.names("raw/")) == []
    assert not path.exists()


def test_too_many_bytes_are_refused_and_leave_nothing(blobs: Blobs) -> None:
    with pytest.raises(TooLarge), blobs.staged([b"x" * 60, b"x" * 60], max_bytes=100):
        pass

    assert list(blobs.names("raw/")) == []


def test_a_blob_can_be_replaced(blobs: Blobs) -> None:
    blobs.put("text/1/aa00", b"old")
    blobs.put("text/1/aa00", b"new")

    assert blobs.read("text/1/aa00") == b"new"


def test_names_are_listed_below_a_prefix(blobs: Blobs) -> None:
    name = keep(blobs, b"x")
    blobs.put("text/1/aa00-md", b"y")

    assert list(blobs.names("raw/")) == [name]
    assert list(blobs.names("text/")) == ["text/1/aa00-md"]


def test_a_deleted_blob_is_gone_and_can_be_deleted_again(blobs: Blobs) -> None:
    name = keep(blobs, b"x")

    blobs.delete(name)
    blobs.delete(name)

    assert list(blobs.names("raw/")) == []


@pytest.mark.parametrize("ask", ["read", "blocks", "age_seconds"])
def test_a_blob_that_is_not_there_is_a_file_that_is_not_found(blobs: Blobs, ask: str) -> None:
    with pytest.raises(FileNotFoundError):
        getattr(blobs, ask)(raw("0" * 64))


def test_a_blob_that_is_not_there_cannot_be_made_local(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError), blobs.local(raw("0" * 64)):
        pass


def test_a_new_blob_is_young(blobs: Blobs) -> None:
    assert blobs.age_seconds(keep(blobs, b"x")) < 60


def test_staged_bytes_can_be_kept_under_another_name(blobs: Blobs) -> None:
    with blobs.staged([b"a part"], max_bytes=100) as staged:
        blobs.keep(staged, part("part_" + "ab" * 16))

    assert list(blobs.names("part/")) == ["part/" + "ab" * 16]
    assert blobs.read("part/" + "ab" * 16) == b"a part"
    assert list(blobs.names("raw/")) == []


def test_tidying_up_leaves_what_is_being_written(blobs: Blobs) -> None:
    with blobs.staged([b"x"], max_bytes=100) as staged:
        blobs.tidy()
        blobs.keep(staged, raw(staged.sha256))

    assert blobs.read(raw(staged.sha256)) == b"x"


def test_what_a_killed_writer_left_is_removed_after_an_hour(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    old, young = tmp_path / "partial" / "old", tmp_path / "partial" / "young"
    for path in (old, young):
        path.write_bytes(b"half a file")
    os.utime(old, (time.time() - 3_700,) * 2)

    blobs.tidy()

    assert not old.exists()
    assert young.exists()


def test_a_place_that_cannot_be_written_is_a_dependency_that_is_down(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "text").write_text("a file where a folder should be")

    with pytest.raises(DependencyDown):
        blobs.put("text/1/aa00", b"x")


def test_the_settings_choose_the_place(tmp_path: Path) -> None:
    assert isinstance(connect(Settings(blobs_url=str(tmp_path))), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url=f"file://{tmp_path}")), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url="memory://x")), FsspecBlobs)
