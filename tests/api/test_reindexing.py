"""Re-indexing over HTTP: an extension, answered as a batch."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from ingest.config import LOCAL_MODEL, Settings
from ingest.db.models import VectorStore
from ingest.errors import InvalidFile
from ingest.jobs.maintenance import sweep
from tests.api.calls import refusal, upload, work
from tests.fakes import FakeServices
from tests.reindex.test_model_migration import OTHER, with_models


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_models(settings, {OTHER: 5})


def attached(client: TestClient, services: FakeServices, store: str, text: str) -> str:
    """A completed file of a store."""
    file_id = upload(client, text)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file_id})
    work(services)
    return file_id


def texts_found(client: TestClient, store: str, query: str) -> list[str]:
    found = client.post(f"/v1/vector_stores/{store}/search", json={"query": query}).json()["data"]
    return [part["text"] for hit in found for part in hit["content"]]


def static(tokens: int) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": 0}}


def test_a_reindex_is_a_batch_and_the_file_is_found_throughout(
    client: TestClient, services: FakeServices, store: str
) -> None:
    file_id = attached(client, services, store, "A heron stands in the water.")

    begun = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)})

    assert begun.status_code == 200
    assert begun.headers["openai-poll-after-ms"]
    batch = begun.json()
    assert batch["object"] == "vector_store.files_batch"
    assert (batch["status"], batch["file_counts"]["in_progress"]) == ("in_progress", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "in_progress"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    work(services)
    ended = client.get(f"/v1/vector_stores/{store}/file_batches/{batch['id']}").json()
    assert (ended["status"], ended["file_counts"]["completed"]) == ("completed", 1)
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    file = client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()
    assert file["chunking_strategy"] == static(200)


def test_a_file_that_fails_is_found_and_the_batch_says_why(
    client: TestClient, services: FakeServices, store: str
) -> None:
    file_id = attached(client, services, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex").json()
    services.parser.error = InvalidFile("The file is broken.")
    work(services)

    path = f"/v1/vector_stores/{store}/file_batches/{batch['id']}"
    assert client.get(path).json()["file_counts"]["failed"] == 1
    [listed] = client.get(f"{path}/files", params={"filter": "failed"}).json()["data"]
    assert (listed["id"], listed["status"]) == (file_id, "failed")
    assert listed["last_error"] == {"code": "invalid_file", "message": "The file is broken."}
    file = client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()
    assert (file["status"], file["last_error"]) == ("completed", None)
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    services.parser.error = None
    retried = client.post(f"{path}/retry").json()
    assert (retried["total"], retried["reasons"][0]["message"]) == (1, "The file is broken.")


def test_a_cancelled_reindex_leaves_the_file_as_it_was(client: TestClient, services: FakeServices, store: str) -> None:
    file_id = attached(client, services, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)}).json()

    cancelled = client.post(f"/v1/vector_stores/{store}/file_batches/{batch['id']}/cancel").json()

    assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "completed"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]


def test_nothing_to_do_is_an_empty_batch_that_is_completed(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attached(client, services, store, "A heron.")

    for body in ({"only": "stale"}, {"only": "failed"}):
        batch = client.post(f"/v1/vector_stores/{store}/reindex", json=body).json()
        assert (batch["status"], batch["file_counts"]["total"]) == ("completed", 0)


@pytest.mark.parametrize("body", [{"only": "some"}, {"chunking_strategy": static(50)}, {"model": 5}])
def test_what_is_not_understood_is_refused(client: TestClient, store: str, body: dict[str, Any]) -> None:
    refusal(client.post(f"/v1/vector_stores/{store}/reindex", json=body), 400)


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    refusal(client.post("/v1/vector_stores/vs_none/reindex"), 404)


def test_the_models_of_a_store_can_be_seen_and_it_goes_to_another_one_and_back(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attached(client, services, store, "A heron stands in the water.")
    path = f"/v1/vector_stores/{store}/reindex"
    settled = {
        "object": "vector_store.models", "vector_store_id": store, "model": LOCAL_MODEL, "other_model": None,
        "other_state": None, "file_counts": {"ready": 1, "total": 1}, "kept_until": None,
    }  # fmt: skip
    assert client.get(path).json() == settled

    assert client.post(path, json={"model": OTHER}).json()["file_counts"]["total"] == 1
    staging = settled | {"other_model": OTHER, "other_state": "staging", "file_counts": {"ready": 0, "total": 1}}
    assert client.get(path).json() == staging
    work(services)
    sweep(services)
    kept = client.get(path).json()
    assert (kept["model"], kept["other_model"], kept["other_state"]) == (OTHER, LOCAL_MODEL, "kept")
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]

    assert client.post(f"{path}/rollback").json()["status"] == "completed"
    assert client.get(path).json()["model"] == LOCAL_MODEL
    assert client.post(f"{path}/purge").json()["other_state"] == "dropping"
    sweep(services)
    assert client.get(path).json() == settled


def test_what_cannot_be_done_with_models_is_refused(client: TestClient, services: FakeServices, store: str) -> None:
    attached(client, services, store, "A heron stands in the water.")
    path = f"/v1/vector_stores/{store}/reindex"

    assert refusal(client.post(path, json={"model": "nobody's"}), 400)["param"] == "model"
    assert refusal(client.post(path, json={"now": True}), 400)["param"] == "now"
    assert refusal(client.post(path, json={"model": OTHER, "only": "stale"}), 400)["param"] == "only"
    assert "nothing to go back to" in refusal(client.post(f"{path}/rollback"), 400)["message"]


def test_a_search_by_a_model_that_is_gone_says_so_and_is_not_worth_a_retry(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attached(client, services, store, "A heron stands in the water.")
    with services.database.transaction() as session:
        session.execute(update(VectorStore).values(model="gone", epoch=1))

    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"})

    assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "false")
    error = answer.json()["error"]
    assert error["code"] == "model_not_configured"
    assert "'gone'" in error["message"]
