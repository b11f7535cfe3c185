"""Routes of re-indexing and model migration."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from ingest.config import LOCAL_MODEL, Settings
from ingest.db.models import VectorStore
from ingest.errors import InvalidFile
from ingest.jobs.maintenance import run_maintenance
from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeServices
from tests.reindex.scenes import OTHER_MODEL, with_models


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return with_models(settings, {OTHER_MODEL: 5})


def attach_text(client: TestClient, services: FakeServices, store: str, text: str) -> str:
    """A completed file of a store."""
    file_id = upload(client, text)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file_id})
    run_jobs(services)
    return file_id


def texts_found(client: TestClient, store: str, query: str) -> list[str]:
    found = client.post(f"/v1/vector_stores/{store}/search", json={"query": query}).json()["data"]
    return [part["text"] for hit in found for part in hit["content"]]


def static(tokens: int) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": 0}}


def test_a_reindex_is_a_batch_and_the_file_stays_searchable(
    client: TestClient, services: FakeServices, store: str
) -> None:
    file_id = attach_text(client, services, store, "A heron stands in the water.")

    begun = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)})

    assert begun.status_code == 200
    assert begun.headers["openai-poll-after-ms"]
    batch = begun.json()
    assert batch["object"] == "vector_store.files_batch"
    assert (batch["status"], batch["file_counts"]["in_progress"]) == ("in_progress", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "in_progress"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    run_jobs(services)
    ended = client.get(f"/v1/vector_stores/{store}/file_batches/{batch['id']}").json()
    assert (ended["status"], ended["file_counts"]["completed"]) == ("completed", 1)
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    file = client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()
    assert file["chunking_strategy"] == static(200)


def test_a_file_whose_reindex_fails_stays_searchable_and_has_an_error(
    client: TestClient, services: FakeServices, store: str
) -> None:
    file_id = attach_text(client, services, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex").json()
    services.parser.error = InvalidFile("The file is broken.")
    run_jobs(services)

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


def test_a_cancelled_reindex_keeps_the_previous_index(client: TestClient, services: FakeServices, store: str) -> None:
    file_id = attach_text(client, services, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)}).json()

    cancelled = client.post(f"/v1/vector_stores/{store}/file_batches/{batch['id']}/cancel").json()

    assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "completed"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]


def test_a_reindex_of_no_files_is_a_completed_empty_batch(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attach_text(client, services, store, "A heron.")

    for body in ({"only": "stale"}, {"only": "failed"}):
        batch = client.post(f"/v1/vector_stores/{store}/reindex", json=body).json()
        assert (batch["status"], batch["file_counts"]["total"]) == ("completed", 0)


@pytest.mark.parametrize("body", [{"only": "some"}, {"chunking_strategy": static(50)}, {"model": 5}])
def test_an_invalid_body_is_rejected(client: TestClient, store: str, body: dict[str, Any]) -> None:
    error_of(client.post(f"/v1/vector_stores/{store}/reindex", json=body), 400)


def test_an_unknown_store_is_not_found(client: TestClient) -> None:
    error_of(client.post("/v1/vector_stores/vs_none/reindex"), 404)


def test_a_store_migrates_to_another_model_and_rolls_back(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attach_text(client, services, store, "A heron stands in the water.")
    path = f"/v1/vector_stores/{store}/reindex"
    settled = {
        "object": "vector_store.models", "vector_store_id": store, "model": LOCAL_MODEL, "other_model": None,
        "other_state": None, "file_counts": {"ready": 1, "total": 1}, "kept_until": None, "gate": None,
    }  # fmt: skip
    assert client.get(path).json() == settled

    assert client.post(path, json={"model": OTHER_MODEL}).json()["file_counts"]["total"] == 1
    staging = settled | {"other_model": OTHER_MODEL, "other_state": "staging", "file_counts": {"ready": 0, "total": 1}}
    assert client.get(path).json() == staging
    run_jobs(services)
    run_maintenance(services)
    kept = client.get(path).json()
    assert (kept["model"], kept["other_model"], kept["other_state"]) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]

    assert client.post(f"{path}/rollback").json()["status"] == "completed"
    assert client.get(path).json()["model"] == LOCAL_MODEL
    assert client.post(f"{path}/purge").json()["other_state"] == "dropping"
    run_maintenance(services)
    assert client.get(path).json() == settled


def test_invalid_model_changes_are_rejected(client: TestClient, services: FakeServices, store: str) -> None:
    attach_text(client, services, store, "A heron stands in the water.")
    path = f"/v1/vector_stores/{store}/reindex"

    assert error_of(client.post(path, json={"model": "nobody's"}), 400)["param"] == "model"
    assert error_of(client.post(path, json={"now": True}), 400)["param"] == "now"
    assert error_of(client.post(path, json={"model": OTHER_MODEL, "only": "stale"}), 400)["param"] == "only"
    assert "nothing to go back to" in error_of(client.post(f"{path}/rollback"), 400)["message"]


def test_a_search_with_an_unconfigured_model_is_answered_503_without_retry(
    client: TestClient, services: FakeServices, store: str
) -> None:
    attach_text(client, services, store, "A heron stands in the water.")
    with services.database.transaction() as session:
        session.execute(update(VectorStore).values(model="gone", epoch=1))

    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": "heron"})

    assert (answer.status_code, answer.headers["x-should-retry"]) == (503, "false")
    error = answer.json()["error"]
    assert error["code"] == "model_not_configured"
    assert "'gone'" in error["message"]


def gate(*texts: str, tolerance: float = 0.0) -> dict[str, Any]:
    return {"queries": [{"query": text, "expected": [{"text": text}]} for text in texts], "tolerance": tolerance}


def test_a_gate_is_shown_with_its_verdict(client: TestClient, services: FakeServices, store: str) -> None:
    attach_text(client, services, store, "A heron stands in the water.")
    path = f"/v1/vector_stores/{store}/reindex"
    services.index_of(OTHER_MODEL).search = lambda *_, **__: ([], [])  # type: ignore[method-assign] # a fake

    client.post(path, json={"model": OTHER_MODEL, "gate": gate("A heron stands", "no such text")})

    waiting = client.get(path).json()["gate"]
    assert (waiting["state"], waiting["queries"], waiting["evaluated_queries"], waiting["metric"]) == (
        "waiting", 2, 0, None,
    )  # fmt: skip
    run_jobs(services)
    run_maintenance(services)
    models = client.get(path).json()
    failed = models["gate"]
    assert (models["model"], models["other_model"], models["other_state"]) == (LOCAL_MODEL, OTHER_MODEL, "staging")
    assert (failed["state"], failed["metric"], failed["current"], failed["staged"]) == ("failed", "recall@10", 0.5, 0.0)
    assert failed["worse_queries"] == [{"query": "A heron stands", "current": 1.0, "staged": 0.0}]
    assert "falls from 0.5000 to 0.0000" in failed["reason"]
    client.post(path, json={"model": OTHER_MODEL, "force": True})
    assert client.get(path).json()["gate"]["state"] == "overridden"
    assert client.get(path).json()["model"] == OTHER_MODEL


def test_a_store_without_a_gate_shows_none(client: TestClient, store: str) -> None:
    assert client.get(f"/v1/vector_stores/{store}/reindex").json()["gate"] is None


WRONG_GATES = {
    "gate": {"gate": gate("a")},
    "force": {"model": OTHER_MODEL, "force": True, "gate": gate("a")},
    "gate.queries": {"model": OTHER_MODEL, "gate": {"queries": []}},
    "gate.queries[1]": {
        "model": OTHER_MODEL,
        "gate": {"queries": [*gate("a")["queries"], {"query": "a", "expected": [{}]}]},
    },
    "gate.tolerance": {"model": OTHER_MODEL, "gate": gate("a", tolerance=2)},
}


@pytest.mark.parametrize("param", WRONG_GATES)
def test_a_wrong_gate_is_refused(client: TestClient, store: str, param: str) -> None:
    answer = client.post(f"/v1/vector_stores/{store}/reindex", json=WRONG_GATES[param])

    assert error_of(answer, 400)["param"] == param


def test_the_other_index_is_searched_on_request(client: TestClient, services: FakeServices, store: str) -> None:
    attach_text(client, services, store, "A heron stands in the water.")
    search = {"query": "heron", "index": "other"}

    refused = client.post(f"/v1/vector_stores/{store}/search", json=search)
    client.post(f"/v1/vector_stores/{store}/reindex", json={"model": OTHER_MODEL})
    run_jobs(services)
    found = client.post(f"/v1/vector_stores/{store}/search", json=search).json()["data"]

    assert error_of(refused, 400)["param"] == "index"
    assert [hit["content"][0]["text"] for hit in found] == ["A heron stands in the water."]
