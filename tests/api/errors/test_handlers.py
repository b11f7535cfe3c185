"""Exceptions become error responses in the envelope of deploy/docs/api-contract.md section 8."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import UnsupportedFile
from tests.api.calls import error_of, run_jobs
from tests.fakes import FakeServices


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("GET", "/"), ("POST", "/v1/files/x/y")])
def test_an_unknown_path_is_answered_404(client: TestClient, method: str, path: str) -> None:
    error = error_of(client.request(method, path), 404)

    assert error["message"] == f"Invalid URL ({method} {path})"


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/files"), ("PUT", "/v1/vector_stores"), ("PATCH", "/v1/files/x")]
)
def test_a_wrong_method_is_answered_405(client: TestClient, method: str, path: str) -> None:
    error = error_of(client.request(method, path), 405)

    assert error["message"] == f"Invalid method for URL ({method} {path})"


@pytest.mark.parametrize(
    ("path", "allowed"), [("/v1/files", "GET, POST"), ("/v1/files/x", "DELETE, GET"), ("/health", "GET")]
)
def test_the_allow_header_lists_the_methods_of_all_routes(client: TestClient, path: str, allowed: str) -> None:
    assert client.options(path).headers["allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("GET", "/v1/files/file-x", None, "No such File object: file-x"),
        ("DELETE", "/v1/files/file-x", None, "No such File object: file-x"),
        ("GET", "/v1/files/file-x/content", None, "No such File object: file-x"),
        ("GET", "/v1/vector_stores/vs_x", None, "No vector store found with id 'vs_x'."),
        ("POST", "/v1/vector_stores/vs_x", {}, "No vector store found with id 'vs_x'."),
        ("DELETE", "/v1/vector_stores/vs_x", None, "No vector store found with id 'vs_x'."),
        ("POST", "/v1/vector_stores/vs_x/search", {"query": "x"}, "No vector store found with id 'vs_x'."),
        ("GET", "/v1/vector_stores/vs_x/files", None, "No vector store found with id 'vs_x'."),
        ("POST", "/v1/vector_stores", {"file_ids": ["file-x"]}, "No file found with id 'file-x'."),
        ("POST", "/v1/vector_stores/{store}/files", {"file_id": "file-x"}, "No file found with id 'file-x'."),
        ("GET", "/v1/vector_stores/{store}/files/file-x", None, "No file found with id 'file-x' in vector store '{store}'."),
        ("DELETE", "/v1/vector_stores/{store}/files/file-x", None, "No file found with id 'file-x' in vector store '{store}'."),
        ("GET", "/v1/vector_stores/{store}/files/file-x/content", None, "No file found with id 'file-x' in vector store '{store}'."),
        ("POST", "/v1/vector_stores/{store}/files/file-x", {"attributes": {}}, "No file found with id 'file-x' in vector store '{store}'."),
        ("POST", "/v1/vector_stores/{store}/file_batches", {"file_ids": ["a", "b"]}, "No files found with ids 'a', 'b'."),
        ("GET", "/v1/vector_stores/{store}/file_batches/b", None, "No file batch found with id 'b' in vector store '{store}'."),
        ("POST", "/v1/vector_stores/{store}/file_batches/b/cancel", None, "No file batch found with id 'b' in vector store '{store}'."),
        ("GET", "/v1/vector_stores/{store}/file_batches/b/files", None, "No file batch found with id 'b' in vector store '{store}'."),
    ],
)  # fmt: skip
def test_an_unknown_object_is_answered_404_with_the_message_of_openai(
    client: TestClient, store: str, method: str, path: str, body: dict[str, Any] | None, message: str
) -> None:
    error = error_of(client.request(method, path.format(store=store), json=body), 404)

    assert error["message"] == message.format(store=store)


def test_an_unknown_file_rejects_the_whole_request(client: TestClient, store: str, file: str) -> None:
    unknown = [f"file-{n}" for n in range(12)]

    error = error_of(client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [file, *unknown]}), 404)

    assert "'file-9' and 2 more" in error["message"]
    assert client.get(f"/v1/vector_stores/{store}").json()["file_counts"]["total"] == 0
    error_of(client.post("/v1/vector_stores", json={"file_ids": [file, "file-x"]}), 404)
    assert len(client.get("/v1/vector_stores").json()["data"]) == 1


def test_the_content_of_a_failed_file_is_answered_with_its_error(
    services: FakeServices, client: TestClient, store: str
) -> None:
    sent = {"file": ("a.bin", b"\xff\xfe\x00")}
    file = client.post("/v1/files", data={"purpose": "assistants"}, files=sent).json()["id"]
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    services.parser.error = UnsupportedFile("The file type is not supported.")
    run_jobs(services)

    error = error_of(client.get(f"/v1/vector_stores/{store}/files/{file}/content"), 400)

    assert error["code"] == "unsupported_file"
    shown = client.get(f"/v1/vector_stores/{store}/files/{file}").json()
    assert shown["last_error"] == {"code": "unsupported_file", "message": "The file type is not supported."}
