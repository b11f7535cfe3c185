"""Durability, names and vacuum of collections."""

import threading
import time
from pathlib import Path

import httpx
import pytest
import qdrant_edge as edge

from ingest.embedded.vectors.collections import Collection, Collections
from tests.embedded.vectors.processes import (
    COLLECTION,
    StartVectors,
    create_collection,
    points_with_ids,
    wait_until_ready,
    write_until_killed,
)

pytestmark = pytest.mark.services


def test_acknowledged_writes_survive_a_kill(start: StartVectors) -> None:
    vectors = wait_until_ready(start())
    create_collection(vectors.client())
    acknowledged: list[int] = []
    writers = [threading.Thread(target=write_until_killed, args=(vectors, n, acknowledged)) for n in (0, 1)]
    for writer in writers:
        writer.start()

    time.sleep(1.5)  # long enough for a flush to happen in between
    vectors.process.kill()
    for writer in writers:
        writer.join(10)

    client = wait_until_ready(start()).client()
    found, _ = client.scroll(COLLECTION, limit=100_000, with_payload=False)
    assert len(acknowledged) > 100
    assert {record.id for record in found} >= set(acknowledged)
    assert client.count(COLLECTION).count - len(acknowledged) <= 2 * 10  # the two requests that were under way
    assert client.get_collection(COLLECTION).payload_schema.keys() == {"row"}


def test_deletions_and_payloads_survive_a_kill(start: StartVectors) -> None:
    vectors = wait_until_ready(start())
    create_collection(vectors.client())
    vectors.client().upsert(COLLECTION, points_with_ids(range(10)), wait=True)
    vectors.client().delete(COLLECTION, [1, 2], wait=True)
    vectors.client().set_payload(COLLECTION, {"row": 99}, points=[3], wait=True)

    vectors.process.kill()
    vectors.process.wait(10)

    client = wait_until_ready(start()).client()
    payloads = {record.id: record.payload for record in client.scroll(COLLECTION)[0]}
    assert payloads == {**{n: {"row": n} for n in (0, 4, 5, 6, 7, 8, 9)}, 3: {"row": 99}}


def test_an_interrupted_creation_is_removed_and_foreign_folders_stay(start: StartVectors, tmp_path: Path) -> None:
    (tmp_path / "vectors" / COLLECTION / "shard" / "segments").mkdir(parents=True)
    (tmp_path / "vectors" / "not ours").mkdir()
    (tmp_path / "vectors" / "not ours" / "thesis.txt").write_text("years of work")

    client = wait_until_ready(start()).client()

    assert client.get_collections().collections == []
    create_collection(client)
    assert (tmp_path / "vectors" / "not ours" / "thesis.txt").exists()


@pytest.mark.parametrize("name", [".lock", "..", "a b", "x" * 256, "a\\b"])
def test_an_invalid_collection_name_is_refused(start: StartVectors, name: str) -> None:
    vectors = wait_until_ready(start())

    answer = httpx.put(f"{vectors.url}/collections/{name.replace('..', '%2e%2e')}", json={"vectors": {}})

    assert answer.status_code in (400, 404, 405)


def test_a_vacuum_reclaims_the_space_of_deleted_points(tmp_path: Path) -> None:
    collections = Collections(tmp_path)
    collections.create(COLLECTION, {"vectors": {"dense": {"size": 64, "distance": "Cosine"}}})
    things = collections.get(COLLECTION)
    write_points(things, range(4_000))
    things.update(edge.UpdateOperation.delete_points(list(range(3_000))))
    in_use = segments_in_use(tmp_path)

    collections.run_maintenance(time.monotonic() + 3_600)
    write_points(things, range(4_000, 4_100))
    collections.close()

    again = Collections(tmp_path)
    assert segments_in_use(tmp_path).isdisjoint(in_use)
    assert again.get(COLLECTION).shard.count(edge.CountRequest()) == 1_100
    again.close()


def segments_in_use(path: Path) -> set[str]:
    return {segment.name for segment in (path / COLLECTION / "shard" / "segments").iterdir()}


def write_points(things: Collection, numbers: range) -> None:
    points = [edge.Point(n, {"dense": [float(n), *[1.0] * 63]}, {"row": n}) for n in numbers]
    things.update(edge.UpdateOperation.upsert_points(points))
