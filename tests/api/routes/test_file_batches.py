"""Routes of file batches (deploy/docs/api-contract.md sections 0.1 and 6)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.config import Settings
from ingest.errors import InvalidFile
from ingest.jobs import run
from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeServices


@pytest.fixture
def path(store: str) -> str:
    return f"/v1/vector_stores/{store}/file_batches"


def counts_of(batch: dict[str, Any]) -> tuple[int, ...]:
    counts = batch["file_counts"]
    return tuple(counts[name] for name in ("in_progress", "completed", "failed", "cancelled", "total"))


def test_status_and_count_leave_in_progress_together(services: FakeServices, client: TestClient, path: str) -> None:
    created = client.post(path, json={"file_ids": [upload(client, f"text {n}") for n in range(3)]}).json()
    assert (created["status"], counts_of(created)) == ("in_progress", (3, 0, 0, 0, 3))
    messages = [*services.queue.lanes["bulk"], *services.queue.lanes["interactive"]]

    seen = []
    for number, message in enumerate(messages):
        services.parser.error = InvalidFile("The file is empty.") if number == 1 else None
        run.run_job(services, message.row, lease_holder="test/1")
        shown = client.get(f"{path}/{created['id']}").json()
        seen.append((shown["status"], counts_of(shown)))

    assert seen == [
        ("in_progress", (2, 1, 0, 0, 3)), ("in_progress", (1, 1, 1, 0, 3)), ("completed", (0, 2, 1, 0, 3))
    ]  # fmt: skip


def test_a_batch_is_completed_even_if_every_file_failed(services: FakeServices, client: TestClient, path: str) -> None:
    created = client.post(path, json={"file_ids": [upload(client), upload(client)]}).json()
    services.parser.error = InvalidFile("The file is empty.")

    run_jobs(services)

    shown = client.get(f"{path}/{created['id']}").json()
    assert (shown["status"], counts_of(shown)) == ("completed", (0, 0, 2, 0, 2))


def test_a_repeated_request_creates_a_second_batch_with_its_own_counts(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    body = {"file_ids": [upload(client, f"text {n}") for n in range(4)]}

    first, second = (client.post(path, json=body).json() for _ in range(2))  # as a client that lost the first answer
    assert [counts_of(batch) for batch in (first, second)] == [(4, 0, 0, 0, 4)] * 2
    run_jobs(services)

    for batch in (first, second):
        shown = client.get(f"{path}/{batch['id']}").json()
        assert (shown["status"], counts_of(shown)) == ("completed", (0, 4, 0, 0, 4))
    assert counts_of(client.get(f"/v1/vector_stores/{store}").json()) == (0, 4, 0, 0, 4)
    assert services.parser.parsed == 4


def test_files_with_their_own_options_do_not_inherit_those_of_the_batch(
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


def test_files_by_id_inherit_the_options_of_the_batch(client: TestClient, path: str, store: str) -> None:
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
        error_of(client.request(method, address), 404)
    assert client.get(f"{path}/{batch}").json()["status"] == "in_progress"


def test_cancellation_is_immediate_and_idempotent(
    services: FakeServices, client: TestClient, path: str, store: str
) -> None:
    kept = upload(client, "a heron that is kept")
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": kept})
    run_jobs(services)
    batch = client.post(path, json={"file_ids": [kept, *(upload(client, f"a heron {n}") for n in range(3))]}).json()

    cancelled = client.post(f"{path}/{batch['id']}/cancel").json()

    assert (cancelled["status"], counts_of(cancelled)) == ("cancelled", (0, 1, 0, 3, 4))
    assert client.post(f"{path}/{batch['id']}/cancel").json() == cancelled
    run_jobs(services)
    assert client.get(f"{path}/{batch['id']}").json() == cancelled
    hits = client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"}).json()["data"]
    assert [hit["file_id"] for hit in hits] == [kept]
    shown = client.get(f"/v1/vector_stores/{store}").json()
    assert (shown["status"], counts_of(shown)) == ("completed", (0, 1, 0, 3, 4))


def test_cancelling_a_finished_batch_changes_nothing(services: FakeServices, client: TestClient, path: str) -> None:
    batch = client.post(path, json={"file_ids": [upload(client)]}).json()
    run_jobs(services)
    finished = client.get(f"{path}/{batch['id']}").json()

    assert client.post(f"{path}/{batch['id']}/cancel").json() == finished
    assert finished["status"] == "completed"


def test_deleting_a_store_deletes_its_batches(client: TestClient, path: str, store: str) -> None:
    batch = client.post(path, json={"file_ids": [upload(client)]}).json()["id"]

    client.delete(f"/v1/vector_stores/{store}")

    error_of(client.get(f"{path}/{batch}"), 404)
    error_of(client.post(f"{path}/{batch}/cancel"), 404)


def test_a_batch_above_the_limit_is_rejected(
    settings: Settings, services: FakeServices, client: TestClient, store: str
) -> None:
    services.settings = settings.model_copy(update={"max_batch_files": 2})

    error = error_of(client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": ["a", "b", "c"]}), 400)

    assert (error["param"], error["code"]) == ("file_ids", "array_above_max_length")


def test_a_batch_has_the_object_name_that_clients_expect(client: TestClient, store: str, file: str) -> None:
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file, file]}).json()

    assert set(batch) == {
        "id", "object", "created_at", "vector_store_id", "status", "file_counts", "waiting_for", "waiting_details"
    }  # fmt: skip
    assert batch["object"] == "vector_store.files_batch"
    assert batch["file_counts"]["total"] == 1


def test_the_body_of_a_cancellation_is_ignored(client: TestClient, store: str, file: str) -> None:
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file]}).json()["id"]
    path = f"/v1/vector_stores/{store}/file_batches/{batch}/cancel"

    for body in (b"", b"{}", b"nonsense"):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.json()["status"] == "cancelled"
