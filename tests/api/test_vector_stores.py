"""What the API says of vector stores (contract section 4)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import upload, work
from tests.fakes import FakeServices


def test_a_store_is_in_progress_as_long_as_one_file_is_and_then_completed_whatever_became_of_them(
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
    work(services)
    assert shown() == ("completed", {"failed": 1, "total": 1})


def test_a_store_needs_the_space_of_its_chunks_once_they_are_there(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    path = f"/v1/vector_stores/{store}"
    client.post(f"{path}/files", json={"file_id": file})
    assert client.get(path).json()["usage_bytes"] == 0

    work(services)

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
def test_using_a_store_prolongs_its_life_and_looking_at_it_does_not(
    services: FakeServices, client: TestClient, store: str, file: str, method: str, path: str, body: Any, moves: bool
) -> None:
    member = upload(client)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": member})
    work(services)
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


def test_metadata_is_sixteen_pairs_of_at_most_so_long_texts(client: TestClient) -> None:
    largest = {f"{n:02}".ljust(64, "k"): "v" * 512 for n in range(16)}

    assert client.post("/v1/vector_stores", json={"metadata": largest}).json()["metadata"] == largest


def test_statuses_and_error_codes_are_the_words_of_the_original(client: TestClient) -> None:
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


def test_a_deleted_store_leaves_its_files(client: TestClient, store: str, file: str) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})

    gone = client.delete(f"/v1/vector_stores/{store}").json()

    assert gone == {"id": store, "object": "vector_store.deleted", "deleted": True}
    assert client.get(f"/v1/files/{file}/content").status_code == 200
    assert client.delete(f"/v1/vector_stores/{store}").status_code == 404
