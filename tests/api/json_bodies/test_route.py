"""Bodies of every size are answered alike, large ones without stopping the event loop."""

import json

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import JSON, error_of


def batch(count: int, *extra: str) -> bytes:
    """A body of a batch with many files, which is longer than a block."""
    return json.dumps({"file_ids": [f"file-{number:032}" for number in range(count)] + list(extra)}).encode()


@pytest.mark.parametrize("count", [1, 3_000, 40_000])
def test_unknown_files_of_a_batch_are_named_whatever_its_size(client: TestClient, store: str, count: int) -> None:
    answer = client.post(f"/v1/vector_stores/{store}/file_batches", content=batch(count), headers=JSON)

    assert "file-" + "0" * 32 in error_of(answer, 404)["message"]


def test_a_large_batch_is_created(client: TestClient, store: str, file: str) -> None:
    body = {"files": [{"file_id": file, "attributes": {"a": "x" * 500}}] * 3_000}

    answer = client.post(f"/v1/vector_stores/{store}/file_batches", json=body)

    assert answer.json()["file_counts"]["total"] == 1


@pytest.mark.parametrize("count", [1, 3_000, 40_000])
@pytest.mark.parametrize(
    ("item", "status", "message"),
    [
        ("1", 400, "Invalid type for 'file_ids[{}]': expected a valid string."),
        ("[[]]", 400, "Invalid type for 'file_ids[{}]': expected a valid string."),
        ('"\\ud800"', 404, "No files found with ids 'file-0"),
    ],
)
def test_a_wrong_file_of_a_batch_is_named_whatever_its_size(
    client: TestClient, store: str, count: int, item: str, status: int, message: str
) -> None:
    content = batch(count)[:-2] + f", {item}]}}".encode()

    answer = client.post(f"/v1/vector_stores/{store}/file_batches", content=content, headers=JSON)

    assert error_of(answer, status)["message"].startswith(message.format(count))


@pytest.mark.parametrize("size", [10, 50_000, 300_000])
@pytest.mark.parametrize("kind", ["application/json", "application/vnd.x+json", "application/json; charset=utf-8"])
def test_broken_json_is_named_whatever_its_size(client: TestClient, size: int, kind: str) -> None:
    content = b'{"name": "' + b"x" * size

    answer = client.post("/v1/vector_stores", content=content, headers={"content-type": kind})

    assert error_of(answer, 400)["message"].startswith("We could not parse the JSON body of your request.")


@pytest.mark.parametrize("size", [10, 50_000, 300_000])
@pytest.mark.parametrize("kind", ["text/plain", ""])
def test_json_of_another_type_is_refused_whatever_its_size(client: TestClient, size: int, kind: str) -> None:
    content = json.dumps({"name": "x" * size}).encode()

    answer = client.post("/v1/vector_stores", content=content, headers={"content-type": kind})

    assert "Send JSON as application/json" in error_of(answer, 400)["message"]


@pytest.mark.parametrize("depth", [40, 1_000, 100_000])
def test_a_body_that_is_nested_too_deep_is_refused(client: TestClient, depth: int) -> None:
    content = b'{"metadata":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"

    assert (
        "nested too deep" in error_of(client.post("/v1/vector_stores", content=content, headers=JSON), 400)["message"]
    )


@pytest.mark.parametrize(("path", "limit"), [("", 2**20), ("/x/search", 4 * 2**20), ("/x/file_batches", 64 * 2**20)])
def test_each_route_has_its_limit(client: TestClient, path: str, limit: int) -> None:
    headers = JSON | {"content-length": str(limit + 1)}

    answer = client.post(f"/v1/vector_stores{path}", content=b"{}", headers=headers)

    assert f"at most {limit:,} bytes" in error_of(answer, 413)["message"]


def test_a_batch_with_too_many_files_is_refused_with_their_number(client: TestClient, store: str) -> None:
    answer = client.post(f"/v1/vector_stores/{store}/file_batches", content=batch(100_001), headers=JSON)

    assert "maximum length 100000, but got an array with length 100001" in error_of(answer, 400)["message"]
