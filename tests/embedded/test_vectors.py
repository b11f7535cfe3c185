"""The vectors process itself: its lock, its key, how it stops, and what is left after a kill."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import qdrant_edge as edge
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException

from ingest.embedded.parts import free_port
from ingest.embedded.vectors.collections import Collection, Collections
from ingest.runtime.pdeathsig import die_with_parent

pytestmark = pytest.mark.services

COLLECTION = "things"


@dataclass
class Vectors:
    """A running vectors process."""

    process: subprocess.Popen[bytes]
    url: str

    def client(self) -> QdrantClient:
        return QdrantClient(url=self.url, prefer_grpc=False, timeout=10, check_compatibility=False)


Start = Callable[..., Vectors]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Vectors] = []

    def start(path: Path = tmp_path / "vectors", api_key: str = "") -> Vectors:
        port = free_port()
        command = [sys.executable, "-m", "ingest.embedded.vectors", "--path", str(path), "--port", str(port)]
        process = subprocess.Popen(
            command, env={"INGEST_QDRANT_API_KEY": api_key}, stderr=subprocess.PIPE, preexec_fn=die_with_parent
        )
        started.append(Vectors(process, f"http://127.0.0.1:{port}"))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


def test_a_second_process_on_the_same_folder_is_refused(start: Start) -> None:
    first = ready(start())

    second = start()
    _, said = second.process.communicate(timeout=10)

    assert second.process.returncode == 3
    assert said.decode().strip().endswith("is in use by another process")
    assert said.count(b"\n") == 1
    assert first.client().get_collections().collections == []


def test_everything_acknowledged_is_there_after_a_kill(start: Start) -> None:
    vectors = ready(start())
    create(vectors.client())
    acknowledged: list[int] = []
    writers = [threading.Thread(target=write_until_it_dies, args=(vectors, n, acknowledged)) for n in (0, 1)]
    for writer in writers:
        writer.start()

    time.sleep(1.5)  # long enough for a flush to happen in between
    vectors.process.kill()
    for writer in writers:
        writer.join(10)

    client = ready(start()).client()
    found, _ = client.scroll(COLLECTION, limit=100_000, with_payload=False)
    assert len(acknowledged) > 100
    assert {record.id for record in found} >= set(acknowledged)
    assert client.count(COLLECTION).count - len(acknowledged) <= 2 * 10  # the two requests that were under way
    assert client.get_collection(COLLECTION).payload_schema.keys() == {"row"}


def test_deletions_and_payloads_survive_a_kill(start: Start) -> None:
    vectors = ready(start())
    create(vectors.client())
    vectors.client().upsert(COLLECTION, batch(range(10)), wait=True)
    vectors.client().delete(COLLECTION, [1, 2], wait=True)
    vectors.client().set_payload(COLLECTION, {"row": 99}, points=[3], wait=True)

    vectors.process.kill()
    vectors.process.wait(10)

    client = ready(start()).client()
    payloads = {record.id: record.payload for record in client.scroll(COLLECTION)[0]}
    assert payloads == {**{n: {"row": n} for n in (0, 4, 5, 6, 7, 8, 9)}, 3: {"row": 99}}


def test_sigterm_stops_it_cleanly_and_soon(start: Start) -> None:
    vectors = ready(start())
    create(vectors.client())
    vectors.client().upsert(COLLECTION, batch(range(10)), wait=True)

    vectors.process.send_signal(signal.SIGTERM)

    assert vectors.process.wait(5) == 0
    assert ready(start()).client().count(COLLECTION).count == 10


def test_sigterm_does_not_wait_for_an_idle_connection(start: Start) -> None:
    vectors = ready(start())

    with httpx.Client() as kept_alive:
        kept_alive.get(f"{vectors.url}/healthz")
        vectors.process.send_signal(signal.SIGTERM)

        assert vectors.process.wait(5) == 0


def test_the_key_is_asked_for_everywhere_but_at_the_health_checks(start: Start) -> None:
    vectors = ready(start(api_key="sesame"))

    def status(path: str, **headers: str) -> int:
        return httpx.get(
            f"{vectors.url}{path}", headers={k.replace("_", "-"): v for k, v in headers.items()}
        ).status_code

    assert [status(path) for path in ("/healthz", "/readyz", "/livez", "/")] == [200] * 4
    assert status("/collections") == 401
    assert status("/collections/missing") == 401
    assert status("/collections", api_key="wrong") == 401
    assert status("/collections", api_key="sesame") == 200
    assert status("/collections", authorization="Bearer sesame") == 200


def test_a_creation_that_was_cut_off_leaves_nothing(start: Start, tmp_path: Path) -> None:
    (tmp_path / "vectors" / COLLECTION / "shard" / "segments").mkdir(parents=True)
    (tmp_path / "vectors" / "not ours").mkdir()
    (tmp_path / "vectors" / "not ours" / "thesis.txt").write_text("years of work")

    client = ready(start()).client()

    assert client.get_collections().collections == []
    create(client)
    assert (tmp_path / "vectors" / "not ours" / "thesis.txt").exists()


@pytest.mark.parametrize("name", [".lock", "..", "a b", "x" * 256, "a\\b"])
def test_a_name_that_is_no_folder_is_refused(start: Start, name: str) -> None:
    vectors = ready(start())

    answer = httpx.put(f"{vectors.url}/collections/{name.replace('..', '%2e%2e')}", json={"vectors": {}})

    assert answer.status_code in (400, 404, 405)


def test_what_is_not_json_is_a_bad_request(start: Start) -> None:
    vectors = ready(start())
    create(vectors.client())
    url = f"{vectors.url}/collections/{COLLECTION}/points"

    for body in (b"", b"{", b"[]", b"null", b'{"points": NaN}', b'{"points": [{"id": 1, "vector": {"dense": [NaN]}}]}'):
        answer = httpx.put(url, content=body)
        assert answer.status_code == 400, body
        assert answer.json()["status"]["error"]


def test_a_body_beyond_the_limit_is_refused(start: Start) -> None:
    vectors = ready(start())
    create(vectors.client())

    answer = httpx.put(f"{vectors.url}/collections/{COLLECTION}/points", content=b" " * (33 * 2**20))

    assert answer.status_code == 413


def test_room_of_deleted_points_is_won_back_when_idle(tmp_path: Path) -> None:
    collections = Collections(tmp_path)
    collections.create(COLLECTION, {"vectors": {"dense": {"size": 64, "distance": "Cosine"}}})
    things = collections.get(COLLECTION)
    write(things, range(4_000))
    things.update(edge.UpdateOperation.delete_points(list(range(3_000))))
    in_use = segments_in_use(tmp_path)

    collections.look_after(time.monotonic() + 3_600)
    write(things, range(4_000, 4_100))
    collections.close()

    again = Collections(tmp_path)
    assert segments_in_use(tmp_path).isdisjoint(in_use)
    assert again.get(COLLECTION).shard.count(edge.CountRequest()) == 1_100
    again.close()


def segments_in_use(path: Path) -> set[str]:
    return {segment.name for segment in (path / COLLECTION / "shard" / "segments").iterdir()}


def write(things: Collection, numbers: range) -> None:
    points = [edge.Point(n, {"dense": [float(n), *[1.0] * 63]}, {"row": n}) for n in numbers]
    things.update(edge.UpdateOperation.upsert_points(points))


def ready(vectors: Vectors) -> Vectors:
    for _ in range(400):
        assert vectors.process.poll() is None, vectors.process.communicate()[1].decode()
        try:
            httpx.get(f"{vectors.url}/readyz").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.025)
        else:
            return vectors
    raise AssertionError("the vectors process does not answer")


def create(client: QdrantClient) -> None:
    dense = models.VectorParams(size=2, distance=models.Distance.COSINE)
    client.create_collection(COLLECTION, vectors_config={"dense": dense})
    client.create_payload_index(COLLECTION, "row", models.PayloadSchemaType.INTEGER)


def batch(numbers: Any) -> list[models.PointStruct]:
    return [models.PointStruct(id=n, vector={"dense": [1.0, float(n)]}, payload={"row": n}) for n in numbers]


def write_until_it_dies(vectors: Vectors, writer: int, acknowledged: list[int]) -> None:
    client = vectors.client()
    for start in range(writer * 1_000_000, (writer + 1) * 1_000_000, 10):
        numbers = range(start, start + 10)
        try:
            client.upsert(COLLECTION, batch(numbers), wait=True)
        except ResponseHandlingException:
            return
        acknowledged.extend(numbers)
