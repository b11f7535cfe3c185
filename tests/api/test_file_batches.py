"""What the API says of batches (contract sections 0.1 and 6)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from ingest.jobs import run
from tests.api.calls import refusal, upload, work
from tests.fakes import FakeServices


@pytest.fixture
def path(store: str) -> str:
    return f"/v1/vector_stores/{store}/file_batches"


def counted(batch: dict[str, Any]) -> tuple[int, ...]:
    counts = batch["file_counts"]
    return tuple(counts[name] for name in ("in_progress", "completed", "failed", "cancelled", "total"))


def test_a_batch_is_in_progress_exactly_as_long_as_its_count_says_so(
    services: FakeServices, client: TestClient, path: str
) -> None:
    made = client.post(path, json={"file_ids": [upload(client, f"text {n}") for n in range(3)]}).json()
    assert (made["status"], counted(made)) == ("in_progress", (3, 0, 0, 0, 3))
    messages = [*services.queue.lanes["bulk"], *services.queue.lanes["interactive"]]

    seen = []
    for number, message in enumerate(messages):
        services.parser.error = InvalidFile("The file is empty.") if number == 1 else None
        run.run(services, message.row, owner="test/1")
        shown = client.get(f"{path}/{made['id']}").json()
        seen.append((shown["status"], counted(shown)))

    assert seen == [
        ("in_progress", (2, 1, 0, 0, 3)), ("in_progress", (1, 1, 1, 0, 3)), ("completed", (0, 2, 1, 0, 3))
    ]  # fmt: skip


def test_a_batch_is_completed_even_if_every_file_failed(services: FakeServices, client: TestClient, path: str) -> None:
    made = client.post(path, json={"file_ids": [upload(client), upload(client)]}).json()
    services.parser.error = InvalidFile("The file is empty.")

    work(services)

    shown = client.get(f"{path}/{made['id']}").json()
    assert (shown["status"], counted(shown)) == ("completed", (0, 0, 2, 0, 2))


def test_the_same_request_sent_twice_makes_two_batches_with_counts_of_their_own(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    body = {"file_ids": [upload(client, f"text {n}") for n in range(4)]}

    first, second = (client.post(path, json=body).json() for _ in range(2))  # as a client that lost the first answer
    assert [counted(batch) for batch in (first, second)] == [(4, 0, 0, 0, 4)] * 2
    work(services)

    for batch in (first, second):
        shown = client.get(f"{path}/{batch['id']}").json()
        assert (shown["status"], counted(shown)) == ("completed", (0, 4, 0, 0, 4))
    assert counted(client.get(f"/v1/vector_stores/{store}").json()) == (0, 4, 0, 0, 4)
    assert services.parser.parsed == 4


def test_files_with_their_own_attributes_and_chunks_get_nothing_from_the_batch(
    client: TestClient, path: str, store: str
) -> None:
    own, plain = upload(client), upload(client)
    wide = {"type": "static", "static": {"max_chunk_size_tokens": 4096, "chunk_overlap_tokens": 0}}
    small = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10}}
    body = {
        "files": [{"file_id": own, "attributes": {"a": 1}, "chunking_strategy": small}, {"file_id": plain}],
        "attributes": {"b": 2},
        "chunking_strategy": wide,
    }

    assert client.post(path, json=body).status_code == 200

    shown = {file["id"]: file for file in client.get(f"/v1/vector_stores/{store}/files").json()["data"]}
    assert (shown[own]["attributes"], shown[own]["chunking_strategy"]) == ({"a": 1}, small)
    assert shown[plain]["attributes"] == {}
    assert shown[plain]["chunking_strategy"]["static"] == {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}


def test_files_by_id_share_the_attributes_and_chunks_of_the_batch(client: TestClient, path: str, store: str) -> None:
    small = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 10}}
    body = {"file_ids": [upload(client), upload(client)], "attributes": {"b": 2}, "chunking_strategy": small}

    client.post(path, json=body)

    for file in client.get(f"/v1/vector_stores/{store}/files").json()["data"]:
        assert (file["attributes"], file["chunking_strategy"]) == ({"b": 2}, small)


def test_a_batch_of_another_store_is_not_found(client: TestClient, path: str) -> None:
    batch = client.post(path, json={"file_ids": [upload(client)]}).json()["id"]
    other = client.post("/v1/vector_stores").json()["id"]
    elsewhere = f"/v1/vector_stores/{other}/file_batches/{batch}"

    for method, address in (("GET", elsewhere), ("POST", f"{elsewhere}/cancel"), ("GET", f"{elsewhere}/files")):
        refusal(client.request(method, address), 404)
    assert client.get(f"{path}/{batch}").json()["status"] == "in_progress"


def test_cancelling_answers_with_nothing_in_progress_and_again_with_the_same(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    kept = upload(client, "a heron that is kept")
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": kept})
    work(services)
    batch = client.post(path, json={"file_ids": [kept, *(upload(client, f"a heron {n}") for n in range(3))]}).json()

    cancelled = client.post(f"{path}/{batch['id']}/cancel").json()

    assert (cancelled["status"], counted(cancelled)) == ("cancelled", (0, 1, 0, 3, 4))
    assert client.post(f"{path}/{batch['id']}/cancel").json() == cancelled
    work(services)
    assert client.get(f"{path}/{batch['id']}").json() == cancelled
    hits = client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}).json()["data"]
    assert [hit["file_id"] for hit in hits] == [kept]
    shown = client.get(f"/v1/vector_stores/{store}").json()
    assert (shown["status"], counted(shown)) == ("completed", (0, 1, 0, 3, 4))


def test_cancelling_what_is_finished_changes_nothing(services: FakeServices, client: TestClient, path: str) -> None:
    batch = client.post(path, json={"file_ids": [upload(client)]}).json()
    work(services)
    finished = client.get(f"{path}/{batch['id']}").json()

    assert client.post(f"{path}/{batch['id']}/cancel").json() == finished
    assert finished["status"] == "completed"


def test_a_store_that_is_deleted_takes_its_batches_along(client: TestClient, path: str, store: str) -> None:
    batch = client.post(path, json={"file_ids": [upload(client)]}).json()["id"]

    client.delete(f"/v1/vector_stores/{store}")

    refusal(client.get(f"{path}/{batch}"), 404)
    refusal(client.post(f"{path}/{batch}/cancel"), 404)
