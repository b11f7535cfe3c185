"""Headers and shapes that clients depend on, over fakes."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.jobs.maintenance import sweep
from tests.api.calls import upload, work
from tests.fakes import FakeServices

VECTOR_STORE = {
    "id", "object", "created_at", "name", "description", "usage_bytes", "bytes", "file_counts", "status",
    "expires_after", "expires_at", "last_active_at", "metadata",
}  # fmt: skip
STORE_FILE = {
    "id", "object", "usage_bytes", "created_at", "vector_store_id", "status", "last_error", "chunking_strategy",
    "attributes",
}  # fmt: skip


def test_every_answer_has_a_request_id_of_its_own(client: TestClient) -> None:
    ids = [client.get(path).headers["x-request-id"] for path in ("/v1/files", "/v1/files", "/v1/x", "/health")]

    assert len(set(ids)) == 4


def test_the_hint_for_polling_is_a_whole_number_while_there_is_something_to_wait_for(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    attached = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [upload(client), upload(client)]})
    paths = [f"/v1/vector_stores/{store}/files/{file}", f"/v1/vector_stores/{store}/file_batches/{batch.json()['id']}"]
    during = [client.get(path) for path in paths]
    work(services)
    after = [client.get(path) for path in paths]

    for answer in (attached, batch, *during):
        assert answer.json()["status"] == "in_progress"
        assert answer.headers["openai-poll-after-ms"].isdecimal()
    for answer in after:
        assert answer.json()["status"] == "completed"
        assert "openai-poll-after-ms" not in answer.headers


def test_an_empty_store_is_complete(client: TestClient) -> None:
    shown = client.post("/v1/vector_stores", json={}).json()

    assert set(shown) == VECTOR_STORE
    assert shown["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    plain = {"object": "vector_store", "name": "", "description": None, "usage_bytes": 0, "status": "completed"}
    assert plain.items() <= shown.items()
    assert (shown["expires_after"], shown["expires_at"], shown["metadata"]) == (None, None, {})
    assert shown["last_active_at"] == shown["created_at"]


def test_null_means_nothing_given(client: TestClient, store: str) -> None:
    nothing = {"name": None, "description": None, "metadata": None, "expires_after": None, "file_ids": None}

    created = client.post("/v1/vector_stores", json=nothing | {"chunking_strategy": None})

    assert (created.json()["name"], created.json()["metadata"]) == ("", {})


def test_an_update_changes_only_what_it_names(client: TestClient) -> None:
    given: dict[str, Any] = {"name": "a", "metadata": {"k": "v"}, "description": "d"}
    store = client.post("/v1/vector_stores", json=given).json()["id"]
    expiry = {"anchor": "last_active_at", "days": 7}

    named = client.post(f"/v1/vector_stores/{store}", json={"name": "b"}).json()
    expiring = client.post(f"/v1/vector_stores/{store}", json={"expires_after": expiry}).json()
    cleared = client.post(f"/v1/vector_stores/{store}", json={"metadata": None, "expires_after": None}).json()

    assert (named["name"], named["metadata"], named["description"]) == ("b", {"k": "v"}, "d")
    assert expiring["expires_at"] == expiring["last_active_at"] + 7 * 86_400
    assert (cleared["name"], cleared["metadata"], cleared["expires_at"]) == ("b", {}, None)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (None, (800, 400)),
        ({"type": "auto"}, (800, 400)),
        ({"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}, (100, 50)),
    ],
)
def test_chunking_is_always_shown_as_static(
    client: TestClient, store: str, file: str, asked: Any, shown: tuple[int, int]
) -> None:
    body = {"file_id": file, "chunking_strategy": asked}

    answer = client.post(f"/v1/vector_stores/{store}/files", json=body).json()

    assert set(answer) == STORE_FILE
    sizes = {"max_chunk_size_tokens": shown[0], "chunk_overlap_tokens": shown[1]}
    assert answer["chunking_strategy"] == {"type": "static", "static": sizes}


def test_a_batch_is_called_as_the_clients_spell_it(client: TestClient, store: str, file: str) -> None:
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file, file]}).json()

    assert set(batch) == {"id", "object", "created_at", "vector_store_id", "status", "file_counts"}
    assert batch["object"] == "vector_store.files_batch"
    assert batch["file_counts"]["total"] == 1


def test_a_page_of_nothing_has_all_its_keys(client: TestClient, store: str) -> None:
    for path in ("/v1/files", f"/v1/vector_stores/{store}/files", "/v1/vector_stores?limit=0"):
        page = client.get(path).json()
        assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_a_file_with_a_date_expires_then(client: TestClient) -> None:
    data = {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}

    shown = client.post("/v1/files", data=data, files={"file": ("a.txt", b"x")}).json()

    assert shown["expires_at"] == shown["created_at"] + 3600


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"])
def test_a_file_may_have_any_purpose(client: TestClient, purpose: str) -> None:
    shown = client.post("/v1/files", data={"purpose": purpose}, files={"file": ("a.txt", b"x")}).json()

    assert (shown["purpose"], shown["status"]) == (purpose, "processed")
    assert len(client.get(f"/v1/files?purpose={purpose}").json()["data"]) == 1


def test_a_header_of_an_older_client_changes_nothing(client: TestClient) -> None:
    assert client.get("/v1/vector_stores", headers={"OpenAI-Beta": "assistants=v2"}).status_code == 200


def test_a_body_that_need_not_be_there_may_be_anything_on_a_cancel(client: TestClient, store: str, file: str) -> None:
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file]}).json()["id"]
    path = f"/v1/vector_stores/{store}/file_batches/{batch}/cancel"

    for body in (b"", b"{}", b"nonsense"):
        answer = client.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.json()["status"] == "cancelled"


def test_a_file_in_a_store_that_was_just_deleted_can_be_deleted(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    batch = {"file_ids": [file, upload(client)]}
    client.post(f"/v1/vector_stores/{store}/file_batches", json=batch)
    client.delete(f"/v1/vector_stores/{store}")

    answer = client.delete(f"/v1/files/{file}")

    assert answer.status_code == 200, answer.text
    assert client.get(f"/v1/files/{file}").status_code == 404
    work(services)
    sweep(services)
    assert services.index.points == {}
