"""What the contract suites run against: TEST_QDRANT_URL, or a vectors process of our own for the session."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from qdrant_client import QdrantClient

from ingest.config import Settings
from ingest.steps.index import Index, collection_name

DIMENSIONS = 8


@dataclass(frozen=True)
class Server:
    """A Qdrant, or what stands for one."""

    url: str
    api_key: str


@pytest.fixture(scope="session")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if url := os.environ.get("TEST_QDRANT_URL"):
        yield Server(url, os.environ.get("TEST_QDRANT_API_KEY", ""))
        return
    process, server = start_vectors(tmp_path_factory.mktemp("vectors"), "a-key")
    yield server
    process.terminate()
    process.wait(10)


@pytest.fixture
def settings(qdrant: Server, tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, qdrant_url=qdrant.url, qdrant_api_key=SecretStr(qdrant.api_key))


@pytest.fixture
def client(qdrant: Server) -> Iterator[QdrantClient]:
    with warnings.catch_warnings(action="ignore"):  # it warns about a key sent over http://
        client = QdrantClient(url=qdrant.url, api_key=qdrant.api_key or None, prefer_grpc=False, timeout=10)
    yield client
    client.close()


@pytest.fixture
def index(settings: Settings, client: QdrantClient) -> Iterator[Index]:
    """An index with windows, in a collection of its own."""
    model = f"test {uuid4().hex}"
    index = Index.connect(settings, model=model, dimensions=DIMENSIONS, multivector=True)
    yield index
    index.close()
    client.delete_collection(collection_name(model, DIMENSIONS))


def start_vectors(path: Path, api_key: str = "") -> tuple[subprocess.Popen[bytes], Server]:
    """A vectors process that dies with this one, once it answers."""
    server = Server(f"http://127.0.0.1:{_free_port()}", api_key)
    command = [
        sys.executable,
        "-m",
        "ingest.embedded.vectors",
        "--path",
        str(path),
        "--port",
        server.url.split(":")[-1],
    ]
    environment = {**os.environ, "INGEST_QDRANT_API_KEY": api_key}
    process = subprocess.Popen(command, env=environment, preexec_fn=_die_with_parent)
    for _ in range(400):
        try:
            if httpx.get(f"{server.url}/readyz", timeout=5).is_success:
                return process, server
        except httpx.TransportError:
            time.sleep(0.025)
        if process.poll() is not None:
            break
    process.kill()
    raise RuntimeError("the vectors process does not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG
