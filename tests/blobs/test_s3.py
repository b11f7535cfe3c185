"""`S3Blobs` beyond the contract in tests/contracts/test_blobs.py."""

import gc
import hashlib
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import httpx
import pytest
from s3fs import S3FileSystem

from ingest.blobs import (
    BLOCK_BYTES,
    S3Blobs,
    raw_key,
)
from ingest.blobs.s3 import PART_BYTES
from ingest.errors import DependencyDown
from tests.blobs.buckets import store_bytes
from tests.servers import buckets


@pytest.mark.services
def test_deletes_and_writes_of_other_processes_are_seen_at_once(bucket: str) -> None:
    blobs, other = S3Blobs(f"s3://{bucket}"), S3Blobs(f"s3://{bucket}")
    old, new = store_bytes(other, b"old"), raw_key("0" * 64)
    assert list(blobs.list_keys("raw/")) == [old]

    other.delete(old)
    other.write(new, b"new")

    assert list(blobs.list_keys("raw/")) == [new]
    assert blobs.age_seconds(new) < 60
    with pytest.raises(FileNotFoundError):
        blobs.age_seconds(old)


@pytest.mark.services
def test_a_file_larger_than_a_part_is_sent_in_parts_and_read_in_blocks(bucket: str) -> None:
    blobs = S3Blobs(f"s3://{bucket}/below")
    sent = [bytes([number]) * BLOCK_BYTES for number in range(PART_BYTES // BLOCK_BYTES * 3 + 1)]
    with blobs.stage(sent, max_bytes=len(sent) * BLOCK_BYTES) as staged:
        blobs.store(staged, raw_key(staged.sha256))

    assert list(blobs.stream(raw_key(staged.sha256))) == sent
    with blobs.local_file(raw_key(staged.sha256)) as path:
        assert path.stat().st_size == len(sent) * BLOCK_BYTES


@pytest.mark.long
@pytest.mark.services
def test_thousands_of_objects_are_listed_in_the_memory_of_one_page(
    bucket_server: Mapping[str, str], bucket: str
) -> None:
    blobs = S3Blobs(f"s3://{bucket}/below")
    names = [raw_key(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(3_000)]
    with httpx.Client(base_url=f"{bucket_server['AWS_ENDPOINT_URL']}/{bucket}/below/") as client:
        for name in names:
            client.put(name, content=b"x").raise_for_status()

    def peak_bytes(listing: Iterator[str]) -> int:
        gc.collect()
        tracemalloc.start()
        try:
            for _ in listing:
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert sorted(blobs.list_keys("raw/")) == sorted(names)
    page = peak_bytes(islice(blobs.list_keys("raw/"), 1_000))
    assert peak_bytes(blobs.list_keys("raw/")) < 2 * page  # a page is read while the one before is still in memory


@pytest.mark.services
@pytest.mark.parametrize("method", ["read", "stream", "age_seconds", "delete"])
def test_a_missing_bucket_raises_dependency_down_and_is_not_created(bucket: str, method: str) -> None:
    blobs = S3Blobs(f"s3://no-{bucket}/below")
    with blobs.stage([b"x"], max_bytes=1) as staged:
        for call in (
            blobs.ping,
            lambda: getattr(blobs, method)(raw_key("0" * 64)),
            lambda: blobs.write(raw_key("0" * 64), b"x"),
            lambda: blobs.store(staged, raw_key(staged.sha256)),
            lambda: list(blobs.list_keys("raw/")),
        ):
            with pytest.raises(DependencyDown, match="bucket"):
                call()


@pytest.mark.services
def test_an_unreachable_server_raises_dependency_down_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with buckets(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem(skip_instance_cache=True).mkdir("a-bucket")
        blobs = S3Blobs("s3://a-bucket")
        name = store_bytes(blobs, b"x")
        reading = blobs.stream(name)
    begun = time.monotonic()

    with blobs.stage([b"y"], max_bytes=1) as staged:
        for call in (
            blobs.ping,
            lambda: blobs.read(name),
            lambda: list(reading),
            lambda: blobs.age_seconds(name),
            lambda: blobs.write(name, b"x"),
            lambda: blobs.store(staged, raw_key(staged.sha256)),
            lambda: blobs.delete(name),
            lambda: list(blobs.list_keys("raw/")),
        ):
            with pytest.raises(DependencyDown):
                call()
        with pytest.raises(DependencyDown), blobs.local_file(name):
            pass

    assert time.monotonic() - begun < 20
