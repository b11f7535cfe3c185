"""Routes of files in a vector store (deploy/docs/api-contract.md section 5)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from ingest.errors import InvalidFile
from tests.api.calls import run_jobs, upload
from tests.fakes import FakeServices

SMALL = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}


@pytest.fixture
def path(store: str) -> str:
    return f"/v1/vector_stores/{store}/files"


def counts(client: TestClient, path: str) -> dict[str, int]:
    response_body = client.get(path.removesuffix("/files")).json()["file_counts"]
    return {name: count for name, count in response_body.items() if count}


def test_an_attached_file_is_in_progress_at_once(client: TestClient, path: str, store: str, file: str) -> None:
    answer = client.post(path, json={"file_id": file})

    response_body = answer.json()
    assert isinstance(response_body.pop("created_at"), int)
    assert response_body == {
        "id": file,
        "object": "vector_store.file",
        "usage_bytes": 0,
        "vector_store_id": store,
        "status": "in_progress",
        "last_error": None,
        "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
        "attributes": {},
        "filename": "heron.txt",
        "warnings": 0,
        "waiting_for": None,
        "waiting_details": None,
    }


def test_null_attributes_are_empty_and_clear_existing_ones(client: TestClient, path: str, file: str) -> None:
    assert client.post(path, json={"file_id": file, "attributes": None}).json()["attributes"] == {}
    assert client.post(f"{path}/{file}", json={"attributes": {"a": 1}}).json()["attributes"] == {"a": 1}
    assert client.post(f"{path}/{file}", json={"attributes": {"b": True}}).json()["attributes"] == {"b": True}
    assert client.post(f"{path}/{file}", json={"attributes": None}).json()["attributes"] == {}


def test_attributes_have_documented_limits(client: TestClient, path: str, file: str) -> None:
    largest = {f"{n:02}".ljust(64, "k"): "v" * 512 for n in range(16)}

    assert client.post(path, json={"file_id": file, "attributes": largest}).json()["attributes"] == largest


@pytest.mark.parametrize(("tokens", "overlap", "status"), [
    (100, 0, 200), (100, 50, 200), (4096, 2048, 200), (101, 51, 400), (99, 0, 400), (4097, 0, 400), (800, -1, 400),
])  # fmt: skip
def test_chunk_sizes_have_documented_limits(
    client: TestClient, path: str, file: str, tokens: int, overlap: int, status: int
) -> None:
    sizes = {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": overlap}

    answer = client.post(path, json={"file_id": file, "chunking_strategy": {"type": "static", "static": sizes}})

    assert answer.status_code == status


def test_chunk_sizes_outside_of_static_are_rejected(client: TestClient, path: str, file: str) -> None:
    flat = {"type": "static", "max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}

    answer = client.post(path, json={"file_id": file, "chunking_strategy": flat})

    assert answer.json()["error"]["code"] == "unknown_parameter"


@pytest.mark.parametrize("outcome", ["in_progress", "completed"])
def test_attaching_again_keeps_the_row_and_updates_attributes(
    services: FakeServices, client: TestClient, path: str, file: str, outcome: str
) -> None:
    client.post(path, json={"file_id": file, "attributes": {"a": 1}})
    if outcome == "completed":
        run_jobs(services)
    first = client.get(f"{path}/{file}").json()

    same = client.post(path, json={"file_id": file}).json()
    styled = client.post(path, json={"file_id": file, "attributes": {"a": True}}).json()

    assert same == first
    assert styled == first | {"attributes": {"a": True}}
    assert styled["attributes"]["a"] is True
    assert counts(client, path) == {outcome: 1, "total": 1}
    run_jobs(services)
    assert services.parser.parsed == 1


def test_attaching_again_with_other_chunk_sizes_requeues_the_row(
    services: FakeServices, client: TestClient, path: str, file: str
) -> None:
    client.post(path, json={"file_id": file})
    run_jobs(services)

    again = client.post(path, json={"file_id": file, "chunking_strategy": SMALL}).json()

    assert (again["status"], again["chunking_strategy"]) == ("in_progress", SMALL)
    assert counts(client, path) == {"in_progress": 1, "total": 1}
    run_jobs(services)
    assert counts(client, path) == {"completed": 1, "total": 1}


@pytest.mark.parametrize("ended", ["failed", "cancelled"])
def test_attaching_a_failed_or_cancelled_file_requeues_the_row(
    services: FakeServices, client: TestClient, path: str, file: str, ended: str
) -> None:
    if ended == "failed":
        client.post(path, json={"file_id": file})
        services.parser.error = InvalidFile("The file is empty.")
        run_jobs(services)
        services.parser.error = None
    else:
        batches = path.removesuffix("files") + "file_batches"
        batch = client.post(batches, json={"file_ids": [file]}).json()["id"]
        client.post(f"{batches}/{batch}/cancel")
    assert counts(client, path) == {ended: 1, "total": 1}

    again = client.post(path, json={"file_id": file}).json()

    assert (again["status"], again["last_error"]) == ("in_progress", None)
    run_jobs(services)
    assert client.get(f"{path}/{file}").json()["status"] == "completed"
    assert counts(client, path) == {"completed": 1, "total": 1}


def test_files_are_listed_by_status(services: FakeServices, client: TestClient, path: str) -> None:
    completed, failed, cancelled, waiting = (upload(client, f"text {n}") for n in range(4))
    client.post(path, json={"file_id": completed})
    run_jobs(services)
    client.post(path, json={"file_id": failed})
    services.parser.error = InvalidFile("The file is empty.")
    run_jobs(services)
    batches = path.removesuffix("files") + "file_batches"
    batch = client.post(batches, json={"file_ids": [cancelled]}).json()["id"]
    client.post(f"{batches}/{batch}/cancel")
    client.post(path, json={"file_id": waiting})

    by_status = {
        status: [file["id"] for file in client.get(f"{path}?filter={status}").json()["data"]]
        for status in ("completed", "failed", "cancelled", "in_progress")
    }

    assert by_status == {
        "completed": [completed], "failed": [failed], "cancelled": [cancelled], "in_progress": [waiting]
    }  # fmt: skip


def test_the_content_of_a_file_is_one_page(services: FakeServices, client: TestClient, path: str) -> None:
    text = "Sentence. " * 5_000
    file = upload(client, text)
    client.post(path, json={"file_id": file})
    run_jobs(services)

    page: dict[str, Any] = client.get(f"{path}/{file}/content").json()

    assert page == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": text}],
        "structure": {"sections": [], "headings": []},
        "has_more": False,
        "next_page": None,
    }


def test_the_content_has_the_headings_of_the_text(services: FakeServices, client: TestClient, path: str) -> None:
    text = "# Herons\n\nThey wade.\n\n## Food\n\nFish."
    file = upload(client, text, "herons.md")
    client.post(path, json={"file_id": file})
    run_jobs(services)

    page: dict[str, Any] = client.get(f"{path}/{file}/content").json()

    assert page["data"][0]["text"] == text
    assert page["structure"]["headings"] == [
        {"start": 0, "level": 1, "title": "Herons"},
        {"start": 22, "level": 2, "title": "Food"},
    ]


def test_a_file_removed_from_a_store_stays_uploaded(
    services: FakeServices, client: TestClient, path: str, file: str
) -> None:
    client.post(path, json={"file_id": file})
    run_jobs(services)

    deletion = client.delete(f"{path}/{file}").json()

    assert deletion == {"id": file, "object": "vector_store.file.deleted", "deleted": True}
    assert client.get(f"/v1/files/{file}").status_code == 200
    assert client.get(f"{path}/{file}").status_code == 404
    assert client.delete(f"{path}/{file}").status_code == 404
    assert counts(client, path) == {}
    search = client.post(path.removesuffix("files") + "search", json={"query": "heron"})
    assert search.json()["data"] == []


def test_a_file_can_be_attached_while_the_broker_is_down(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    services.queue.is_down = True

    answer = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})

    assert answer.json()["status"] == "in_progress"


STORE_FILE = {
    "id", "object", "usage_bytes", "created_at", "vector_store_id", "status", "last_error", "chunking_strategy",
    "attributes", "filename", "warnings", "waiting_for", "waiting_details",
}  # fmt: skip


def test_the_poll_hint_is_an_integer_and_only_sent_while_in_progress(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    attached = client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [upload(client), upload(client)]})
    paths = [f"/v1/vector_stores/{store}/files/{file}", f"/v1/vector_stores/{store}/file_batches/{batch.json()['id']}"]
    during = [client.get(path) for path in paths]
    run_jobs(services)
    after = [client.get(path) for path in paths]

    for answer in (attached, batch, *during):
        assert answer.json()["status"] == "in_progress"
        assert answer.headers["openai-poll-after-ms"].isdecimal()
    for answer in after:
        assert answer.json()["status"] == "completed"
        assert "openai-poll-after-ms" not in answer.headers


@pytest.mark.parametrize(
    ("requested", "returned"),
    [
        (None, (800, 400)),
        ({"type": "auto"}, (800, 400)),
        ({"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}, (100, 50)),
    ],
)
def test_the_chunking_strategy_is_always_returned_as_static(
    client: TestClient, store: str, file: str, requested: Any, returned: tuple[int, int]
) -> None:
    body = {"file_id": file, "chunking_strategy": requested}

    answer = client.post(f"/v1/vector_stores/{store}/files", json=body).json()

    assert set(answer) == STORE_FILE
    sizes = {"max_chunk_size_tokens": returned[0], "chunk_overlap_tokens": returned[1]}
    assert answer["chunking_strategy"] == {"type": "static", "static": sizes}
