"""Vectors processes for tests."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

COLLECTION = "things"


@dataclass
class VectorsProcess:
    """A running vectors process."""

    process: subprocess.Popen[bytes]
    url: str

    def client(self) -> QdrantClient:
        return QdrantClient(url=self.url, prefer_grpc=False, timeout=10, check_compatibility=False)


StartVectors = Callable[..., VectorsProcess]


def wait_until_ready(vectors: VectorsProcess) -> VectorsProcess:
    for _ in range(400):
        assert vectors.process.poll() is None, vectors.process.communicate()[1].decode()
        try:
            httpx.get(f"{vectors.url}/readyz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.025)
        else:
            return vectors
    raise AssertionError("the vectors process does not answer")


def create_collection(client: QdrantClient) -> None:
    dense = models.VectorParams(size=2, distance=models.Distance.COSINE)
    client.create_collection(COLLECTION, vectors_config={"dense": dense})
    client.create_payload_index(COLLECTION, "row", models.PayloadSchemaType.INTEGER)


def points_with_ids(numbers: Any) -> list[models.PointStruct]:
    return [models.PointStruct(id=n, vector={"dense": [1.0, float(n)]}, payload={"row": n}) for n in numbers]


def write_until_killed(vectors: VectorsProcess, writer: int, acknowledged: list[int]) -> None:
    client = vectors.client()
    for start in range(writer * 1_000_000, (writer + 1) * 1_000_000, 10):
        numbers = range(start, start + 10)
        try:
            client.upsert(COLLECTION, points_with_ids(numbers), wait=True)
        except ResponseHandlingException:
            return
        acknowledged.extend(numbers)
