"""Routes of retries."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeServices


def failed_batch(client: TestClient, services: FakeServices, store: str, count: int) -> dict[str, Any]:
    """A batch whose files have all failed."""
    body = {"file_ids": [upload(client, f"text {n}") for n in range(count)]}
    batch: dict[str, Any] = client.post(f"/v1/vector_stores/{store}/file_batches", json=body).json()
    services.parser.error = InvalidFile("The file is broken.")
    run_jobs(services)
    services.parser.error = None
    return batch


def test_failed_files_of_a_batch_are_retried_as_a_new_batch(
    client: TestClient, services: FakeServices, store: str
) -> None:
    batch = failed_batch(client, services, store, 3)

    answer = client.post(f"/v1/vector_stores/{store}/file_batches/{batch['id']}/retry")

    assert answer.status_code == 200
    retried = answer.json()
    new = retried.pop("file_batch")
    assert retried == {
        "object": "vector_store.retry",
        "vector_store_id": store,
        "total": 3,
        "has_more": False,
        "reasons": [{"code": "invalid_file", "message": "The file is broken.", "count": 3}],
    }
    assert new["object"] == "vector_store.files_batch"
    assert new["file_counts"] == {"in_progress": 3, "completed": 0, "failed": 0, "cancelled": 0, "total": 3}
    run_jobs(services)
    ended = client.get(f"/v1/vector_stores/{store}/file_batches/{new['id']}").json()
    assert (ended["status"], ended["file_counts"]["completed"]) == ("completed", 3)
    old = client.get(f"/v1/vector_stores/{store}/file_batches/{batch['id']}").json()
    assert (old["status"], old["file_counts"]["failed"]) == ("completed", 3)


def test_a_store_without_failed_files_has_nothing_to_retry(client: TestClient, store: str) -> None:
    answer = client.post(f"/v1/vector_stores/{store}/retry", json={})

    assert answer.json() == {
        "object": "vector_store.retry",
        "vector_store_id": store,
        "file_batch": None,
        "total": 0,
        "has_more": False,
        "reasons": [],
    }


def test_cancelled_files_are_retried_on_request(
    client: TestClient, services: FakeServices, store: str, file: str
) -> None:
    created = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file]}).json()
    client.post(f"/v1/vector_stores/{store}/file_batches/{created['id']}/cancel")

    assert client.post(f"/v1/vector_stores/{store}/retry").json()["total"] == 0
    retried = client.post(f"/v1/vector_stores/{store}/retry", json={"statuses": ["failed", "cancelled"]}).json()
    run_jobs(services)

    assert (retried["total"], retried["reasons"][0]["code"]) == (1, "cancelled")
    assert client.get(f"/v1/vector_stores/{store}/files/{file}").json()["status"] == "completed"


@pytest.mark.parametrize("statuses", [[], ["completed"], "failed", ["failed"] * 3])
def test_only_failed_and_cancelled_files_can_be_retried(client: TestClient, store: str, statuses: Any) -> None:
    error_of(client.post(f"/v1/vector_stores/{store}/retry", json={"statuses": statuses}), 400)


def test_an_unknown_store_or_batch_is_not_found(client: TestClient, store: str) -> None:
    error_of(client.post("/v1/vector_stores/vs_none/retry"), 404)
    error_of(client.post(f"/v1/vector_stores/{store}/file_batches/vsfb_none/retry"), 404)
