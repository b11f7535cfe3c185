"""Re-indexing over HTTP: an extension, answered as a batch."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import refusal, upload, work
from tests.fakes import FakeTools


def attached(client: TestClient, tools: FakeTools, store: str, text: str) -> str:
    """A completed file of a store."""
    file_id = upload(client, text)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file_id})
    work(tools)
    return file_id


def texts_found(client: TestClient, store: str, query: str) -> list[str]:
    found = client.post(f"/v1/vector_stores/{store}/search", json={"query": query}).json()["data"]
    return [part["text"] for hit in found for part in hit["content"]]


def static(tokens: int) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": 0}}


def test_a_reindex_is_a_batch_and_the_file_is_found_throughout(
    client: TestClient, tools: FakeTools, store: str
) -> None:
    file_id = attached(client, tools, store, "A heron stands in the water.")

    begun = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)})

    assert begun.status_code == 200
    assert begun.headers["openai-poll-after-ms"]
    batch = begun.json()
    assert batch["object"] == "vector_store.files_batch"
    assert (batch["status"], batch["file_counts"]["in_progress"]) == ("in_progress", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "in_progress"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    work(tools)
    ended = client.get(f"/v1/vector_stores/{store}/file_batches/{batch['id']}").json()
    assert (ended["status"], ended["file_counts"]["completed"]) == ("completed", 1)
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    file = client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()
    assert file["chunking_strategy"] == static(200)


def test_a_file_that_fails_is_found_and_the_batch_says_why(client: TestClient, tools: FakeTools, store: str) -> None:
    file_id = attached(client, tools, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex").json()
    tools.parser.error = InvalidFile("The file is broken.")
    work(tools)

    path = f"/v1/vector_stores/{store}/file_batches/{batch['id']}"
    assert client.get(path).json()["file_counts"]["failed"] == 1
    [listed] = client.get(f"{path}/files", params={"filter": "failed"}).json()["data"]
    assert (listed["id"], listed["status"]) == (file_id, "failed")
    assert listed["last_error"] == {"code": "invalid_file", "message": "The file is broken."}
    file = client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()
    assert (file["status"], file["last_error"]) == ("completed", None)
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]
    tools.parser.error = None
    retried = client.post(f"{path}/retry").json()
    assert (retried["total"], retried["reasons"][0]["message"]) == (1, "The file is broken.")


def test_a_cancelled_reindex_leaves_the_file_as_it_was(client: TestClient, tools: FakeTools, store: str) -> None:
    file_id = attached(client, tools, store, "A heron stands in the water.")
    batch = client.post(f"/v1/vector_stores/{store}/reindex", json={"chunking_strategy": static(200)}).json()

    cancelled = client.post(f"/v1/vector_stores/{store}/file_batches/{batch['id']}/cancel").json()

    assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 1)
    assert client.get(f"/v1/vector_stores/{store}/files/{file_id}").json()["status"] == "completed"
    assert texts_found(client, store, "heron") == ["A heron stands in the water."]


def test_nothing_to_do_is_an_empty_batch_that_is_completed(client: TestClient, tools: FakeTools, store: str) -> None:
    attached(client, tools, store, "A heron.")

    for body in ({"only": "stale"}, {"only": "failed"}):
        batch = client.post(f"/v1/vector_stores/{store}/reindex", json=body).json()
        assert (batch["status"], batch["file_counts"]["total"]) == ("completed", 0)


@pytest.mark.parametrize("body", [{"only": "some"}, {"chunking_strategy": static(50)}, {"model": "other"}])
def test_what_is_not_understood_is_refused(client: TestClient, store: str, body: dict[str, Any]) -> None:
    refusal(client.post(f"/v1/vector_stores/{store}/reindex", json=body), 400)


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    refusal(client.post("/v1/vector_stores/vs_none/reindex"), 404)
