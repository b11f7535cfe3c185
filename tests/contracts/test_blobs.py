"""The contract of `Blobs`, for every implementation. tests/blobs has what is special to each."""

import hashlib
import uuid
from pathlib import Path

import pytest

from ingest.blobs import (
    Blobs,
    FolderBlobs,
    FsspecBlobs,
    S3Blobs,
    part_key,
    raw_key,
    text_key,
    text_prefix,
)
from ingest.errors import TooLarge
from tests.blobs.buckets import store_bytes


@pytest.fixture(params=["folder", "fsspec", pytest.param("s3", marks=pytest.mark.services)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    if request.param == "fsspec":
        return FsspecBlobs(f"memory://{uuid.uuid4().hex}")
    return S3Blobs(f"s3://{request.getfixturevalue('bucket')}/below")


def test_bytes_are_read_back_by_the_hash_of_their_content(blobs: Blobs) -> None:
    key = store_bytes(blobs, b"first ", b"second")

    assert key == raw_key(hashlib.sha256(b"first second").hexdigest())
    assert blobs.read(key) == b"first second"
    assert b"".join(blobs.stream(key)) == b"first second"
    with blobs.local_file(key) as path:
        assert path.read_bytes() == b"first second"


def test_equal_bytes_are_stored_once(blobs: Blobs) -> None:
    assert store_bytes(blobs, b"same") == store_bytes(blobs, b"same")

    assert len(list(blobs.list_keys("raw/"))) == 1


def test_an_empty_file_can_be_stored(blobs: Blobs) -> None:
    assert blobs.read(store_bytes(blobs)) == b""


def test_staged_bytes_that_are_not_stored_are_deleted(blobs: Blobs) -> None:
    with blobs.stage([b"given up"], max_bytes=100) as staged:
        path = staged.path

    assert list(blobs.list_keys("raw/")) == []
    assert not path.exists()


def test_too_many_bytes_are_refused_and_store_nothing(blobs: Blobs) -> None:
    with pytest.raises(TooLarge), blobs.stage([b"x" * 60, b"x" * 60], max_bytes=100):
        pass

    assert list(blobs.list_keys("raw/")) == []


def test_a_blob_can_be_replaced(blobs: Blobs) -> None:
    blobs.write("text/aa00-1-", b"old")
    blobs.write("text/aa00-1-", b"new")

    assert blobs.read("text/aa00-1-") == b"new"


def test_keys_are_listed_by_prefix(blobs: Blobs) -> None:
    key = store_bytes(blobs, b"x")
    blobs.write("text/aa00-1-md", b"y")

    assert list(blobs.list_keys("raw/")) == [key]
    assert list(blobs.list_keys("text/")) == ["text/aa00-1-md"]


def test_a_text_prefix_lists_every_version_and_extension_of_the_same_bytes_only(blobs: Blobs) -> None:
    one, other = "ab" * 32, "ab" * 31 + "cd"
    keys = [text_key(one, "1", "md"), text_key(one, "2-new", "pdf"), text_key(one, "2-new", "")]
    for key in (*keys, text_key(other, "1", "md"), raw_key(one)):
        blobs.write(key, b"x")

    assert sorted(blobs.list_keys(text_prefix(one))) == sorted(keys)
    assert list(blobs.list_keys(text_prefix("00" * 32))) == []


def test_delete_is_idempotent(blobs: Blobs) -> None:
    key = store_bytes(blobs, b"x")

    blobs.delete(key)
    blobs.delete(key)

    assert list(blobs.list_keys("raw/")) == []


@pytest.mark.parametrize("method", ["read", "stream", "age_seconds"])
def test_a_missing_key_raises_file_not_found(blobs: Blobs, method: str) -> None:
    with pytest.raises(FileNotFoundError):
        getattr(blobs, method)(raw_key("0" * 64))


def test_a_missing_key_has_no_local_file(blobs: Blobs) -> None:
    with pytest.raises(FileNotFoundError), blobs.local_file(raw_key("0" * 64)):
        pass


def test_a_new_blob_has_a_small_age(blobs: Blobs) -> None:
    assert blobs.age_seconds(store_bytes(blobs, b"x")) < 60


def test_staged_bytes_can_be_stored_under_any_key(blobs: Blobs) -> None:
    with blobs.stage([b"a part"], max_bytes=100) as staged:
        blobs.store(staged, part_key("part_" + "ab" * 16))

    assert list(blobs.list_keys("part/")) == ["part/" + "ab" * 16]
    assert blobs.read("part/" + "ab" * 16) == b"a part"
    assert list(blobs.list_keys("raw/")) == []


def test_deletion_of_stale_partials_leaves_files_that_are_being_staged(blobs: Blobs) -> None:
    with blobs.stage([b"x"], max_bytes=100) as staged:
        blobs.delete_stale_partials()
        blobs.store(staged, raw_key(staged.sha256))

    assert blobs.read(raw_key(staged.sha256)) == b"x"
