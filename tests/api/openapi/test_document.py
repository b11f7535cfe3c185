"""The OpenAPI document is valid and complete."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_the_document_lists_all_routes(document: dict[str, Any]) -> None:
    store, webhook = "/v1/vector_stores/{vector_store_id}", "/v1/webhook_endpoints/{webhook_endpoint_id}"

    assert {name for name, _ in operations(document)} == {
        "POST /v1/files", "GET /v1/files", "GET /v1/files/{file_id}", "DELETE /v1/files/{file_id}",
        "GET /v1/files/{file_id}/content",
        "POST /v1/uploads", "POST /v1/uploads/{upload_id}/parts", "POST /v1/uploads/{upload_id}/complete",
        "POST /v1/uploads/{upload_id}/cancel",
        "POST /v1/vector_stores", "GET /v1/vector_stores", f"GET {store}", f"POST {store}", f"DELETE {store}",
        f"POST {store}/search",
        f"POST {store}/files", f"GET {store}/files", f"GET {store}/files/{{file_id}}",
        f"POST {store}/files/{{file_id}}", f"DELETE {store}/files/{{file_id}}", f"GET {store}/files/{{file_id}}/content",
        f"POST {store}/file_batches", f"GET {store}/file_batches/{{batch_id}}",
        f"GET {store}/file_batches",  # an extension
        "GET /v1/models", "GET /v1/models/{model}", "POST /v1/embeddings",
        f"POST {store}/file_batches/{{batch_id}}/cancel", f"GET {store}/file_batches/{{batch_id}}/files",
        f"GET {store}/file_batches/{{batch_id}}/events",  # an extension
        f"GET {store}/files/{{file_id}}/report", f"GET {store}/file_reports", f"GET {store}/warnings",  # extensions
        f"POST {store}/files/delete", f"POST {store}/files/attributes",  # extensions
        f"POST {store}/retry", f"POST {store}/file_batches/{{batch_id}}/retry",  # extensions
        f"POST {store}/reindex", f"GET {store}/reindex", f"POST {store}/reindex/rollback",
        f"POST {store}/reindex/purge", f"POST {store}/reindex_schedules", f"GET {store}/reindex_schedules",
        f"GET {store}/reindex_schedules/{{schedule_id}}", f"POST {store}/reindex_schedules/{{schedule_id}}",
        f"DELETE {store}/reindex_schedules/{{schedule_id}}",
        f"POST {store}/import_schedules", f"GET {store}/import_schedules",
        f"GET {store}/import_schedules/{{import_schedule_id}}", f"POST {store}/import_schedules/{{import_schedule_id}}",
        f"DELETE {store}/import_schedules/{{import_schedule_id}}",
        f"POST {store}/import_schedules/{{import_schedule_id}}/run",
        "POST /v1/webhook_endpoints", "GET /v1/webhook_endpoints", f"GET {webhook}", f"POST {webhook}",
        f"DELETE {webhook}", f"POST {webhook}/test", f"POST {webhook}/rotate_secret",
    }  # fmt: skip


def test_every_reference_resolves_and_every_schema_is_used(document: dict[str, Any]) -> None:
    defined = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert set(references(document)) == defined


def test_every_operation_documents_its_error_responses(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        described = set(operation["responses"])
        expected = {"200", "400", "401", "403", "429", "500", "503"}
        lists = ("GET /v1/files", "GET /v1/vector_stores", "GET /v1/webhook_endpoints", "GET /v1/models")
        if name not in (*lists, "POST /v1/files", "POST /v1/uploads", "POST /v1/webhook_endpoints"):
            expected.add("404")
        if "requestBody" in operation:
            expected.add("413")
        if operation["operationId"].startswith("retrieve_v1_vector_stores__vector_store_id__files__file_id_"):
            expected.add("429")
        assert described == expected, name
        for status in described - {"200"}:
            schema = operation["responses"][status]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_every_operation_has_a_unique_id_and_a_description(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]

    assert len(set(ids)) == len(ids)
    assert all(operation["description"] for _, operation in operations(document))


def test_every_path_parameter_is_documented(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        named = {part["name"] for part in operation.get("parameters", []) if part["in"] == "path"}
        assert named == {part[1:-1] for part in name.split("/") if part.startswith("{")}


def test_response_headers_are_documented(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            documented_headers = set(answer["headers"])
            assert "x-request-id" in documented_headers, name
            assert ("Retry-After" in documented_headers) == (status in ("429", "503")), name
            assert ("x-should-retry" in documented_headers) == status.startswith("4"), name

    store = "/v1/vector_stores/{vector_store_id}"
    polled = {
        name for name, one in operations(document) if "openai-poll-after-ms" in one["responses"]["200"]["headers"]
    }
    assert polled >= {
        f"POST {store}/files", f"GET {store}/files/{{file_id}}", f"POST {store}/file_batches",
        f"GET {store}/file_batches/{{batch_id}}",
    }  # fmt: skip
    assert not any("/v1/files" in name or "/v1/uploads" in name for name in polled)
