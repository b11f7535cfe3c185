"""Fixtures of a Qdrant server: TEST_QDRANT_URL, or a vectors process for the session. conftest modules import them."""

import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient

from ingest.config import Settings
from ingest.steps.index import QdrantIndex, collection_name
from tests import servers
from tests.contracts.points import DIMENSIONS


@dataclass(frozen=True)
class Server:
    """A Qdrant server or a vectors process."""

    url: str
    api_key: str


@pytest.fixture(scope="session")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if url := os.environ.get("TEST_QDRANT_URL"):
        yield Server(url, os.environ.get("TEST_QDRANT_API_KEY", ""))
        return
    with servers.vectors(tmp_path_factory.mktemp("vectors")) as (url, key):
        yield Server(url, key)


@pytest.fixture
def settings(qdrant: Server, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, qdrant_url=qdrant.url, qdrant_api_key=SecretStr(qdrant.api_key))


@pytest.fixture
def client(qdrant: Server) -> Iterator[QdrantClient]:
    with warnings.catch_warnings(action="ignore"):  # the client warns about a key sent over http://
        client = QdrantClient(url=qdrant.url, api_key=qdrant.api_key or None, prefer_grpc=False, timeout=10)
    yield client
    client.close()


@pytest.fixture
def qdrant_index(settings: Settings, client: QdrantClient) -> Iterator[QdrantIndex]:
    """A multivector index in a collection of its own."""
    model = f"test {uuid4().hex}"
    index = QdrantIndex.connect(settings, model=model, dimensions=DIMENSIONS, multivector=True)
    yield index
    index.close()
    client.delete_collection(collection_name(model, DIMENSIONS))


@contextmanager
def unused_url() -> Iterator[str]:
    """Reserve a port on which nothing listens, and return its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{probe.getsockname()[1]}"
