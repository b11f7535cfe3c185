"""Fixtures of an S3-compatible server; conftest modules import them."""

import uuid
from collections.abc import Iterator, Mapping

import pytest
from s3fs import S3FileSystem

from ingest.blobs import Blobs, raw_key
from tests import servers


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Start the server and return the environment in which clients find it."""
    with servers.buckets(tmp_path_factory.mktemp("buckets")) as environment:
        yield environment


@pytest.fixture
def bucket(bucket_server: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Create a bucket and return its name."""
    for name, value in bucket_server.items():
        monkeypatch.setenv(name, value)
    name = uuid.uuid4().hex
    S3FileSystem(skip_instance_cache=True).mkdir(name)
    return name


def store_bytes(blobs: Blobs, *blocks: bytes) -> str:
    """Stage bytes, store them as an uploaded file and return the key."""
    with blobs.stage(blocks, max_bytes=100) as staged:
        blobs.store(staged, raw_key(staged.sha256))
    return raw_key(staged.sha256)
