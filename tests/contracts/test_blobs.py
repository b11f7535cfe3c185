"""What every place for blobs must do."""

import gc
import hashlib
import os
import time
import tracemalloc
import uuid
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import httpx
import pytest
from s3fs import S3FileSystem

from ingest.blobs import BLOCK, Blobs, FolderBlobs, FsspecBlobs, S3Blobs, connect, part, raw, text, texts
from ingest.blobs.s3 import PART
from ingest.config import Settings
from ingest.errors import DependencyDown, TooLarge
from tests.servers import buckets


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment in which clients find a server of buckets."""
    with buckets(tmp_path_factory.mktemp("buckets")) as environment:
        yield environment


@pytest.fixture
def bucket(s3: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a new bucket."""
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    name = uuid.uuid4().hex
    S3FileSystem(skip_instance_cache=True).mkdir(name)
    return name


@pytest.fixture(params=["folder", "fsspec", pytest.param("s3", marks=pytest.mark.services)])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    if request.param == "fsspec":
        return FsspecBlobs(f"memory://{uuid.uuid4().hex}")
    return S3Blobs(f"s3://{request.getfixturevalue('bucket')}/below")


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
    blobs.put("text/aa00-1-", b"old")
    blobs.put("text/aa00-1-", b"new")

    assert blobs.read("text/aa00-1-") == b"new"


def test_names_are_listed_below_a_prefix(blobs: Blobs) -> None:
    name = keep(blobs, b"x")
    blobs.put("text/aa00-1-md", b"y")

    assert list(blobs.names("raw/")) == [name]
    assert list(blobs.names("text/")) == ["text/aa00-1-md"]


def test_the_texts_of_the_same_bytes_are_listed_of_every_version_and_extension_and_no_others(blobs: Blobs) -> None:
    one, other = "ab" * 32, "ab" * 31 + "cd"
    mine = [text(one, "1", "md"), text(one, "2-new", "pdf"), text(one, "2-new", "")]
    for name in (*mine, text(other, "1", "md"), raw(one)):
        blobs.put(name, b"x")

    assert sorted(blobs.names(texts(one))) == sorted(mine)
    assert list(blobs.names(texts("00" * 32))) == []


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
        blobs.put("text/aa00-1-", b"x")


@pytest.mark.services
def test_what_others_delete_and_write_is_seen_at_once(bucket: str) -> None:
    mine, others = S3Blobs(f"s3://{bucket}"), S3Blobs(f"s3://{bucket}")
    old, new = keep(others, b"old"), raw("0" * 64)
    assert list(mine.names("raw/")) == [old]

    others.delete(old)
    others.put(new, b"new")

    assert list(mine.names("raw/")) == [new]
    assert mine.age_seconds(new) < 60
    with pytest.raises(FileNotFoundError):
        mine.age_seconds(old)


@pytest.mark.services
def test_a_file_larger_than_a_part_is_sent_in_parts_and_read_in_blocks(bucket: str) -> None:
    blobs = S3Blobs(f"s3://{bucket}/below")
    sent = [bytes([number]) * BLOCK for number in range(PART // BLOCK * 3 + 1)]
    with blobs.staged(sent, max_bytes=len(sent) * BLOCK) as staged:
        blobs.keep(staged, raw(staged.sha256))

    assert list(blobs.blocks(raw(staged.sha256))) == sent
    with blobs.local(raw(staged.sha256)) as path:
        assert path.stat().st_size == len(sent) * BLOCK


@pytest.mark.services
def test_thousands_of_objects_are_listed_in_the_memory_of_few(s3: Mapping[str, str], bucket: str) -> None:
    blobs = S3Blobs(f"s3://{bucket}/below")
    names = [raw(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(3_000)]
    with httpx.Client(base_url=f"{s3['AWS_ENDPOINT_URL']}/{bucket}/below/") as quick:
        for name in names:
            quick.put(name, content=b"x").raise_for_status()

    def most(listing: Iterator[str]) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            for _ in listing:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert sorted(blobs.names("raw/")) == sorted(names)
    page = most(islice(blobs.names("raw/"), 1_000))
    assert most(blobs.names("raw/")) < 2 * page  # the next is read while the one before is still there


@pytest.mark.services
@pytest.mark.parametrize("ask", ["read", "blocks", "age_seconds", "delete"])
def test_a_bucket_that_does_not_exist_is_down_and_is_not_made(bucket: str, ask: str) -> None:
    blobs = S3Blobs(f"s3://no-{bucket}/below")
    with blobs.staged([b"x"], max_bytes=1) as staged:
        for asked in (
            blobs.ping,
            lambda: getattr(blobs, ask)(raw("0" * 64)),
            lambda: blobs.put(raw("0" * 64), b"x"),
            lambda: blobs.keep(staged, raw(staged.sha256)),
            lambda: list(blobs.names("raw/")),
        ):
            with pytest.raises(DependencyDown, match="bucket"):
                asked()


@pytest.mark.services
def test_a_server_that_is_gone_is_down_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with buckets(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem(skip_instance_cache=True).mkdir("a-bucket")
        blobs = S3Blobs("s3://a-bucket")
        name = keep(blobs, b"x")
        reading = blobs.blocks(name)
    begun = time.monotonic()

    with blobs.staged([b"y"], max_bytes=1) as staged:
        for asked in (
            blobs.ping,
            lambda: blobs.read(name),
            lambda: list(reading),
            lambda: blobs.age_seconds(name),
            lambda: blobs.put(name, b"x"),
            lambda: blobs.keep(staged, raw(staged.sha256)),
            lambda: blobs.delete(name),
            lambda: list(blobs.names("raw/")),
        ):
            with pytest.raises(DependencyDown):
                asked()
        with pytest.raises(DependencyDown), blobs.local(name):
            pass

    assert time.monotonic() - begun < 20


def test_the_settings_choose_the_place(tmp_path: Path) -> None:
    assert isinstance(connect(Settings(blobs_url=str(tmp_path))), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url=f"file://{tmp_path}")), FolderBlobs)
    assert isinstance(connect(Settings(blobs_url="memory://x")), FsspecBlobs)
    assert isinstance(connect(Settings(blobs_url="s3://bucket/below")), S3Blobs)
