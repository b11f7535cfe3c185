"""The latest openai client against the app over fakes: strict validation, retries, polls."""

import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from fastapi.testclient import TestClient
from openai.types import FileObject, Upload, VectorStore
from openai.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

from ingest.errors import InvalidFile
from ingest.jobs.maintenance import run_maintenance
from tests.api.calls import run_jobs, upload
from tests.fakes import FakeServices

FILE = {"id", "object", "bytes", "created_at", "expires_at", "filename", "purpose", "status", "status_details"}


@pytest.fixture
def sent_requests(client: TestClient) -> list[str]:
    """The requests so far, each like `GET /v1/files`."""
    seen: list[str] = []
    client.event_hooks = {"request": [lambda request: seen.append(f"{request.method} {request.url.path}")]}
    return seen


@pytest.fixture
def lenient(client: TestClient, sent_requests: list[str]) -> Iterator[openai.OpenAI]:
    """A client with its default options."""
    with openai.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=client) as openai_client:
        yield openai_client


@pytest.fixture
def strict(client: TestClient, sent_requests: list[str]) -> Iterator[openai.OpenAI]:
    """A client with strict response validation."""
    with openai.OpenAI(
        base_url="http://localhost/v1", api_key="none", http_client=client, _strict_response_validation=True
    ) as openai_client:
        yield openai_client


# --- strict reading (deploy/docs/api-contract.md section 8c): each object in each of its states ---


def test_a_file_passes_strict_validation(strict: openai.OpenAI) -> None:
    expiry: Any = {"anchor": "created_at", "seconds": 3600}
    plain = strict.files.create(file=("a.txt", b"x"), purpose="assistants")
    mortal = strict.files.create(file=("a.txt", b"x"), purpose="user_data", expires_after=expiry)

    listed = strict.files.list()
    for file in (plain, mortal, strict.files.retrieve(plain.id), *listed.data):
        assert isinstance(file, FileObject)
        assert set(file.to_dict()) == FILE
        assert (file.object, file.status) == ("file", "processed")
    assert plain.expires_at is None
    assert mortal.expires_at == mortal.created_at + 3600
    assert strict.files.delete(plain.id).object == "file"


def test_a_file_is_processed_at_once(strict: openai.OpenAI, sent_requests: list[str]) -> None:
    file = strict.files.create(file=("a.txt", b"x"), purpose="assistants")

    assert strict.files.wait_for_processing(file.id).status == "processed"
    assert sent_requests == ["POST /v1/files", f"GET /v1/files/{file.id}"]


def test_only_the_purpose_evals_fails_strict_validation(strict: openai.OpenAI, lenient: openai.OpenAI) -> None:
    with pytest.raises(openai.APIResponseValidationError):
        strict.files.create(file=("a.txt", b"x"), purpose="evals")

    assert [file.purpose for file in lenient.files.list(purpose="evals")] == ["evals"]


def test_an_upload_passes_strict_validation_in_every_state(strict: openai.OpenAI) -> None:
    about: Any = {"bytes": 1, "filename": "a.txt", "mime_type": "text/plain", "purpose": "user_data"}
    pending = strict.uploads.create(**about)
    part = strict.uploads.parts.create(pending.id, data=b"x")
    completed = strict.uploads.complete(pending.id, part_ids=[part.id])
    cancelled = strict.uploads.cancel(strict.uploads.create(**about).id)
    strict.files.delete(completed.file.id if completed.file else "")
    without_its_file = strict.uploads.complete(pending.id, part_ids=[part.id])

    for shown in (pending, completed, cancelled, without_its_file):
        assert isinstance(shown, Upload)
    statuses = [upload.status for upload in (pending, completed, cancelled, without_its_file)]
    assert statuses == ["pending", "completed", "cancelled", "completed"]
    assert (completed.file is None, without_its_file.file) == (False, None)


def test_a_store_passes_strict_validation_in_every_state(strict: openai.OpenAI, services: FakeServices) -> None:
    empty = strict.vector_stores.create()
    full = strict.vector_stores.create(
        name="n",
        description="d",
        metadata={"a": "b"},
        expires_after={"anchor": "last_active_at", "days": 1},
        file_ids=[strict.files.create(file=("a.txt", b"x"), purpose="assistants").id],
    )
    run_jobs(services)
    done = strict.vector_stores.retrieve(full.id)
    with services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE vector_stores SET last_active_at = last_active_at - 86400")

    shown = [empty, full, done, strict.vector_stores.retrieve(full.id), *strict.vector_stores.list().data]
    assert all(isinstance(store, VectorStore) for store in shown)
    assert [store.status for store in shown] == [
        "completed", "in_progress", "completed", "expired", "expired", "completed"
    ]  # fmt: skip
    assert [store.usage_bytes > 0 for store in shown[:4]] == [False, False, True, False]
    assert strict.vector_stores.delete(full.id).object == "vector_store.deleted"


def test_a_store_file_passes_strict_validation_in_every_state(
    strict: openai.OpenAI, client: TestClient, services: FakeServices
) -> None:
    store = strict.vector_stores.create().id
    members = strict.vector_stores.files
    waiting = members.create(store, file_id=upload(client))
    run_jobs(services)
    completed = members.retrieve(waiting.id, vector_store_id=store)
    services.parser.error = InvalidFile("The file is empty.")
    failed = members.create(store, file_id=upload(client))
    run_jobs(services)
    batch = strict.vector_stores.file_batches.create(store, file_ids=[upload(client)])
    strict.vector_stores.file_batches.cancel(batch.id, vector_store_id=store)

    shown = [waiting, completed, *members.list(store, order="asc")]
    assert all(isinstance(file, VectorStoreFile) for file in shown)
    assert [file.status for file in shown] == ["in_progress", "completed", "completed", "failed", "cancelled"]
    assert [file.last_error.code if file.last_error else None for file in shown][3:] == ["invalid_file", None]
    assert {file.usage_bytes > 0 for file in shown if file.status != "completed"} == {False}
    services.parser.error = None
    assert members.content(completed.id, vector_store_id=store).data[0].type == "text"
    assert members.update(completed.id, vector_store_id=store, attributes={"a": True}).attributes == {"a": True}
    assert members.delete(failed.id, vector_store_id=store).object == "vector_store.file.deleted"


def test_a_batch_passes_strict_validation_in_every_state(
    strict: openai.OpenAI, client: TestClient, services: FakeServices
) -> None:
    store = strict.vector_stores.create(expires_after={"anchor": "last_active_at", "days": 1}).id
    batches = strict.vector_stores.file_batches
    waiting = batches.create(store, file_ids=[upload(client)])
    run_jobs(services)
    done = batches.retrieve(waiting.id, vector_store_id=store)
    cancelled = batches.cancel(batches.create(store, file_ids=[upload(client)]).id, vector_store_id=store)

    shown = [waiting, done, cancelled]
    assert all(isinstance(batch, VectorStoreFileBatch) for batch in shown)
    assert [batch.status for batch in shown] == ["in_progress", "completed", "cancelled"]
    assert len(list(batches.list_files(waiting.id, vector_store_id=store))) == 1


def test_search_results_pass_strict_validation(
    strict: openai.OpenAI, client: TestClient, services: FakeServices
) -> None:
    store = strict.vector_stores.create(file_ids=[upload(client)]).id
    run_jobs(services)

    page = strict.vector_stores.search(store, query=["heron"], rewrite_query=True)

    assert [hit.filename for hit in page] == ["heron.txt"]
    assert not page.has_next_page()
    assert page.model_extra is not None
    assert page.model_extra["search_query"] == ["heron"]
    assert strict.vector_stores.search(strict.vector_stores.create().id, query="nothing").data == []


# --- retries (deploy/docs/api-contract.md section 8) ---


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda c: c.vector_stores.list(limit=1_000)),
        (404, lambda c: c.files.retrieve("file-x")),
        (404, lambda c: c.get("/nothing", cast_to=object)),
        (405, lambda c: c.delete("/files", cast_to=object)),
        (413, lambda c: c.vector_stores.create(name="x" * 65 * 2**20)),
    ],
)
def test_an_error_that_is_not_retryable_is_not_retried(
    lenient: openai.OpenAI, sent_requests: list[str], status: int, ask: Any
) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        ask(lenient)

    assert raised.value.status_code == status
    assert raised.value.response.headers["x-should-retry"] == "false"
    assert raised.value.request_id == raised.value.response.headers["x-request-id"]
    assert len(sent_requests) == 1


def test_a_retry_succeeds_after_a_dependency_has_recovered(
    lenient: openai.OpenAI, client: TestClient, services: FakeServices, sent_requests: list[str]
) -> None:
    store = lenient.vector_stores.create(file_ids=[upload(client)]).id
    run_jobs(services)
    services.index.is_down = True
    client.event_hooks["response"] = [lambda _: setattr(services.index, "is_down", False)]
    sent_requests.clear()

    started = time.monotonic()
    hits = lenient.vector_stores.search(store, query="heron").data

    assert len(hits) == 1
    assert sent_requests == [f"POST /v1/vector_stores/{store}/search"] * 2
    assert time.monotonic() - started >= 2, "The client did not wait as long as Retry-After says."


# --- polls (deploy/docs/api-contract.md sections 0 and 8b) ---


def test_a_poll_with_a_timeout_ends_in_time(lenient: openai.OpenAI, client: TestClient, store: str) -> None:
    file = lenient.vector_stores.files.create(store, file_id=upload(client)).id

    with pytest.raises(TimeoutError):
        lenient.vector_stores.files.poll(file, vector_store_id=store, max_wait_seconds=0.3)


def test_a_batch_that_is_complete_from_the_start_is_polled_once(
    lenient: openai.OpenAI, client: TestClient, services: FakeServices, store: str, sent_requests: list[str]
) -> None:
    file = upload(client)
    lenient.vector_stores.files.create(store, file_id=file)
    run_jobs(services)
    sent_requests.clear()

    batch = lenient.vector_stores.file_batches.create_and_poll(store, file_ids=[file])

    path = f"/v1/vector_stores/{store}/file_batches"
    assert (batch.status, batch.file_counts.completed) == ("completed", 1)
    assert sent_requests == [f"POST {path}", f"GET {path}/{batch.id}"]


def test_a_batch_whose_store_expires_ends_every_poll(
    lenient: openai.OpenAI, client: TestClient, services: FakeServices
) -> None:
    store = lenient.vector_stores.create(expires_after={"anchor": "last_active_at", "days": 1}).id
    done = lenient.vector_stores.file_batches.create(store, file_ids=[upload(client)])
    run_jobs(services)
    cancelled_batch = lenient.vector_stores.file_batches.create(store, file_ids=[upload(client), upload(client)])
    deleted_batch = lenient.vector_stores.file_batches.create(store, file_ids=[upload(client)])
    lenient.vector_stores.file_batches.cancel(deleted_batch.id, vector_store_id=store)
    with services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE vector_stores SET last_active_at = last_active_at - 86400")
    run_maintenance(services)

    ended = [
        lenient.vector_stores.file_batches.poll(batch.id, vector_store_id=store)
        for batch in (done, cancelled_batch, deleted_batch)
    ]

    assert [batch.status for batch in ended] == ["completed", "failed", "cancelled"]
    counts = [(b.file_counts.in_progress, b.file_counts.completed, b.file_counts.cancelled) for b in ended]
    assert counts == [(0, 1, 0), (0, 0, 2), (0, 0, 1)]
    assert lenient.vector_stores.file_batches.cancel(cancelled_batch.id, vector_store_id=store) == ended[1]


NODE = {"x-stainless-lang": "js", "x-stainless-poll-helper": "true"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (NODE | {"x-stainless-package-version": "4.52.0"}, 429),
        (NODE | {"x-stainless-package-version": "6.49.0"}, 429),
        (NODE | {"x-stainless-package-version": "7.55.0"}, 200),
        (NODE | {"x-stainless-package-version": "\u00b2"}, 200),
        (NODE, 200),
        ({"x-stainless-lang": "js", "x-stainless-package-version": "6.49.0"}, 200),
        (NODE | {"x-stainless-lang": "python", "x-stainless-package-version": "1.30.5"}, 200),
        ({}, 200),
    ],
)
def test_only_an_endless_poll_helper_gets_429_for_a_cancelled_file(
    client: TestClient, services: FakeServices, store: str, headers: dict[str, str], status: int
) -> None:
    file, path = upload(client), f"/v1/vector_stores/{store}"
    batch = client.post(f"{path}/file_batches", json={"file_ids": [file]}).json()["id"]
    raw = {name.encode(): value.encode() for name, value in headers.items()}
    assert client.get(f"{path}/files/{file}", headers=raw).json()["status"] == "in_progress"

    client.post(f"{path}/file_batches/{batch}/cancel")

    answer = client.get(f"{path}/files/{file}", headers=raw)
    assert answer.status_code == status
    if status == 429:
        assert answer.headers["x-should-retry"] == "false"
        assert answer.json()["error"]["message"] == f"File '{file}' was cancelled."
