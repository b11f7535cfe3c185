"""Routes of vector stores (deploy/docs/api-contract.md section 4)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeServices


def test_a_store_is_completed_when_no_file_is_in_progress_even_if_files_failed(
    services: FakeServices, client: TestClient, store: str
) -> None:
    path = f"/v1/vector_stores/{store}"

    def shown() -> tuple[str, dict[str, int]]:
        answer = client.get(path).json()
        return answer["status"], {name: count for name, count in answer["file_counts"].items() if count}

    assert shown() == ("completed", {})
    client.post(f"{path}/files", json={"file_id": upload(client)})
    assert shown() == ("in_progress", {"in_progress": 1, "total": 1})
    services.parser.error = InvalidFile("The file is empty.")
    run_jobs(services)
    assert shown() == ("completed", {"failed": 1, "total": 1})


def test_usage_bytes_grow_with_completed_files(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    path = f"/v1/vector_stores/{store}"
    client.post(f"{path}/files", json={"file_id": file})
    assert client.get(path).json()["usage_bytes"] == 0

    run_jobs(services)

    shown = client.get(path).json()
    member = client.get(f"{path}/files/{file}").json()
    assert shown["usage_bytes"] == shown["bytes"] == member["usage_bytes"]
    assert shown["usage_bytes"] > client.get(f"/v1/files/{file}").json()["bytes"], "Vectors count too."


@pytest.mark.parametrize(
    ("method", "path", "body", "moves"),
    [
        ("POST", "/files", {"file_id": "{file}"}, True),
        ("POST", "/file_batches", {"file_ids": ["{file}"]}, True),
        ("POST", "/search", {"query": "x"}, True),
        ("POST", "/files/{member}", {"attributes": {"a": 1}}, True),
        ("POST", "", {"name": "x"}, True),
        ("GET", "", None, False),
        ("GET", "/files", None, False),
        ("GET", "/files/{member}", None, False),
        ("GET", "/files/{member}/content", None, False),
        ("DELETE", "/files/{member}", None, False),
    ],
)
def test_use_postpones_the_expiry_of_a_store_and_retrieval_does_not(
    services: FakeServices, client: TestClient, store: str, file: str, method: str, path: str, body: Any, moves: bool
) -> None:
    member = upload(client)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": member})
    run_jobs(services)
    with services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE vector_stores SET last_active_at = last_active_at - 1000")
    before = client.get(f"/v1/vector_stores/{store}").json()["last_active_at"]
    sent = _filled(body, file)

    answer = client.request(method, f"/v1/vector_stores/{store}{path.format(member=member)}", json=sent)

    assert answer.status_code == 200, answer.text
    after = client.get(f"/v1/vector_stores/{store}").json()["last_active_at"]
    assert (after > before) == moves


def _filled(body: Any, file: str) -> Any:
    if body is None:
        return None
    return {
        name: [file] if value == ["{file}"] else file if value == "{file}" else value for name, value in body.items()
    }


def test_metadata_has_documented_limits(client: TestClient) -> None:
    largest = {f"{n:02}".ljust(64, "k"): "v" * 512 for n in range(16)}

    assert client.post("/v1/vector_stores", json={"metadata": largest}).json()["metadata"] == largest


def test_statuses_and_error_codes_are_those_of_openai(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]

    def words(schema: str) -> set[str]:
        return set(schemas[schema]["properties"]["status"]["enum"])

    assert words("VectorStore") == {"expired", "in_progress", "completed"}
    assert words("VectorStoreFileBatch") == {"in_progress", "completed", "cancelled", "failed"}
    assert words("VectorStoreFile") == {"in_progress", "completed", "cancelled", "failed"}
    assert words("Upload") == {"pending", "completed", "cancelled", "expired"}
    assert set(schemas["LastError"]["properties"]["code"]["enum"]) == {
        "server_error",
        "unsupported_file",
        "invalid_file",
    }


def test_the_files_of_a_deleted_store_stay_uploaded(client: TestClient, store: str, file: str) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})

    deletion = client.delete(f"/v1/vector_stores/{store}").json()

    assert deletion == {"id": store, "object": "vector_store.deleted", "deleted": True}
    assert client.get(f"/v1/files/{file}/content").status_code == 200
    assert client.delete(f"/v1/vector_stores/{store}").status_code == 404


VECTOR_STORE = {
    "id", "object", "created_at", "name", "description", "usage_bytes", "bytes", "file_counts", "status",
    "expires_after", "expires_at", "last_active_at", "metadata", "chunks",
}  # fmt: skip


def test_an_empty_store_is_completed(client: TestClient) -> None:
    shown = client.post("/v1/vector_stores", json={}).json()

    assert set(shown) == VECTOR_STORE
    assert shown["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    plain = {"object": "vector_store", "name": "", "description": None, "usage_bytes": 0, "status": "completed"}
    assert plain.items() <= shown.items()
    assert (shown["expires_after"], shown["expires_at"], shown["metadata"]) == (None, None, {})
    assert shown["last_active_at"] == shown["created_at"]


def test_null_fields_are_treated_as_absent(client: TestClient, store: str) -> None:
    nothing = {"name": None, "description": None, "metadata": None, "expires_after": None, "file_ids": None}

    created = client.post("/v1/vector_stores", json=nothing | {"chunking_strategy": None})

    assert (created.json()["name"], created.json()["metadata"]) == ("", {})


def test_an_update_changes_only_the_given_fields(client: TestClient) -> None:
    given: dict[str, Any] = {"name": "a", "metadata": {"k": "v"}, "description": "d"}
    store = client.post("/v1/vector_stores", json=given).json()["id"]
    expiry = {"anchor": "last_active_at", "days": 7}

    named = client.post(f"/v1/vector_stores/{store}", json={"name": "b"}).json()
    expiring = client.post(f"/v1/vector_stores/{store}", json={"expires_after": expiry}).json()
    cleared = client.post(f"/v1/vector_stores/{store}", json={"metadata": None, "expires_after": None}).json()

    assert (named["name"], named["metadata"], named["description"]) == ("b", {"k": "v"}, "d")
    assert expiring["expires_at"] == expiring["last_active_at"] + 7 * 86_400
    assert (cleared["name"], cleared["metadata"], cleared["expires_at"]) == ("b", {}, None)


def test_the_beta_header_of_older_clients_is_ignored(client: TestClient) -> None:
    assert client.get("/v1/vector_stores", headers={"OpenAI-Beta": "assistants=v2"}).status_code == 200


def test_an_expired_store_has_the_status_expired(
    client: TestClient, store: str, file: str, services: FakeServices
) -> None:
    path = f"/v1/vector_stores/{store}"
    client.post(path, json={"expires_after": {"anchor": "last_active_at", "days": 1}})
    with services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE vector_stores SET last_active_at = last_active_at - 86400")

    shown = client.get(path).json()

    assert shown["status"] == "expired"
    assert shown["expires_at"] == shown["last_active_at"] + 86_400
    assert client.get("/v1/vector_stores").json()["data"] == [shown]
    for answer in (
        client.post(f"{path}/files", json={"file_id": file}),
        client.post(f"{path}/file_batches", json={"file_ids": [file]}),
        client.post(f"{path}/search", json={"query": "x"}),
    ):
        assert error_of(answer, 400)["message"] == f"Vector store '{store}' has expired"
    assert client.post(path, json={"name": "old"}).json()["status"] == "expired"
    assert client.delete(path).json()["deleted"] is True


@pytest.mark.parametrize("queries", [["w" * 16_385] * 2, ["w" * 32_768] * 4, ["w" * 2_049] * 16])
def test_queries_that_are_too_long_together_are_refused(client: TestClient, store: str, queries: list[str]) -> None:
    error = error_of(client.post(f"/v1/vector_stores/{store}/search", json={"query": queries}), 400)

    assert error["param"] == "query"
    assert "32,768 characters together" in error["message"]


@pytest.mark.parametrize("query", ["w" * 32_768, ["w" * 2_048] * 16])
def test_the_longest_queries_are_accepted(client: TestClient, store: str, query: str | list[str]) -> None:
    assert client.post(f"/v1/vector_stores/{store}/search", json={"query": query}).status_code == 200
