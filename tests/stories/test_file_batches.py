"""File batches through the real client."""

import asyncio
import io
import time
from typing import Any

import openai
import pytest
from openai.types import VectorStore
from openai.types.vector_stores import VectorStoreFileBatch

from tests.stories.conftest import Upload
from tests.stories.running import Service


def counted(batch: VectorStoreFileBatch) -> tuple[int, int, int, int, int]:
    counts = batch.file_counts
    return counts.in_progress, counts.completed, counts.failed, counts.cancelled, counts.total


def words(count: int, about: str) -> str:
    return " ".join(f"Remark {n} about {about}." for n in range(count))


def test_a_batch_is_created_polled_retrieved_and_listed(
    strict: openai.OpenAI, client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(f"Knot number {n} is a bowline.") for n in range(12)]

    created = strict.vector_stores.file_batches.create(store.id, file_ids=files, attributes={"kind": "knot"})
    completed_batch = strict.vector_stores.file_batches.poll(created.id, vector_store_id=store.id)
    members = list(
        strict.vector_stores.file_batches.list_files(created.id, vector_store_id=store.id, order="asc", limit=5)
    )

    assert created.id.startswith("vsfb_")
    assert (created.object, created.vector_store_id) == ("vector_store.files_batch", store.id)
    assert (sum(counted(created)[:4]), counted(created)[4]) == (12, 12)
    assert (completed_batch.status, counted(completed_batch)) == ("completed", (0, 12, 0, 0, 12))
    assert [member.id for member in members] == files
    assert {member.status for member in members} == {"completed"}
    assert all(member.attributes == {"kind": "knot"} for member in members)
    assert len(client.vector_stores.search(store.id, query="bowline", max_num_results=50).data) == 12


def test_the_raw_json_of_a_batch_has_exactly_the_documented_keys(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[upload("raw")])

    raw: Any = client.get(f"/vector_stores/{store.id}/file_batches/{batch.id}", cast_to=object)

    assert raw == {
        "id": batch.id,
        "object": "vector_store.files_batch",
        "created_at": batch.created_at,
        "vector_store_id": store.id,
        "status": "completed",
        "file_counts": {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0, "total": 1},
        "waiting_for": None,
        "waiting_details": None,
    }


def test_files_may_be_uploaded_and_waited_for_in_one_call(client: openai.OpenAI, store: VectorStore) -> None:
    files = []
    for n in range(12):
        file = io.BytesIO(f"Buoy {n} is green.".encode())
        file.name = f"buoy-{n}.txt"
        files.append(file)

    batch = client.vector_stores.file_batches.upload_and_poll(store.id, files=files)

    assert (batch.status, counted(batch)) == ("completed", (0, 12, 0, 0, 12))
    names = {hit.filename for hit in client.vector_stores.search(store.id, query="buoy", max_num_results=50).data}
    assert names == {f"buoy-{n}.txt" for n in range(12)}


def test_the_async_client_uploads_a_batch(service: Service, store: VectorStore) -> None:
    async def upload_all() -> VectorStoreFileBatch:
        async with openai.AsyncOpenAI(base_url=service.base_url, api_key="none", max_retries=0) as client:
            files = [io.BytesIO(f"Asynchronous note {n}.".encode()) for n in range(8)]
            for n, file in enumerate(files):
                file.name = f"{n}.txt"
            return await client.vector_stores.file_batches.upload_and_poll(store.id, files=files)

    assert counted(asyncio.run(upload_all())) == (0, 8, 0, 0, 8)


def test_each_file_of_a_batch_may_have_its_own_attributes_and_chunking(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    plain, cut = upload(words(100, "sails")), upload(words(100, "masts"))

    batch = client.vector_stores.file_batches.create_and_poll(
        store.id,
        files=[
            {"file_id": plain, "attributes": {"part": "sail", "n": 1}},
            {
                "file_id": cut,
                "attributes": {"part": "mast", "n": 2.5, "old": True},
                "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}},
            },
        ],
    )  # fmt: skip

    assert counted(batch) == (0, 2, 0, 0, 2)
    members = {m.id: m for m in client.vector_stores.files.list(store.id)}
    assert members[plain].attributes == {"part": "sail", "n": 1}
    assert members[cut].attributes == {"part": "mast", "n": 2.5, "old": True}
    sizes = [members[file].to_dict()["chunking_strategy"] for file in (plain, cut)]
    assert sizes == [
        {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
        {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}},
    ]
    hits = client.vector_stores.search(
        store.id, query="remark", max_num_results=50, filters={"type": "eq", "key": "part", "value": "mast"}
    )
    assert len(hits.data) > 5
    assert {hit.file_id for hit in hits.data} == {cut}


def test_a_file_listed_twice_in_a_batch_counts_once_with_its_first_attributes(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    once, twice = upload("once"), upload("twice")

    plain = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[once, twice, twice, once])
    own = client.vector_stores.file_batches.create_and_poll(
        store.id, files=[{"file_id": twice, "attributes": {"n": 1}}, {"file_id": twice, "attributes": {"n": 2}}]
    )

    assert (counted(plain), counted(own)) == ((0, 2, 0, 0, 2), (0, 1, 0, 0, 1))
    assert client.vector_stores.files.retrieve(twice, vector_store_id=store.id).attributes == {"n": 1}
    assert client.vector_stores.retrieve(store.id).file_counts.total == 2


def test_a_batch_with_failed_files_is_completed(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    good, empty = upload("A good file."), upload("")
    binary = client.files.create(file=("a.exe", b"MZ" + bytes(range(256)) * 20), purpose="assistants").id

    batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[good, empty, binary])
    only_bad = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[empty])

    assert (batch.status, counted(batch)) == ("completed", (0, 1, 2, 0, 3))
    assert (only_bad.status, counted(only_bad)) == ("completed", (0, 0, 1, 0, 1))
    errors = {
        member.id: member.last_error.code
        for member in client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, filter="failed")
        if member.last_error
    }
    assert errors == {empty: "invalid_file", binary: "unsupported_file"}
    assert client.vector_stores.retrieve(store.id).status == "completed"


def test_an_unknown_file_refuses_the_batch_without_side_effect(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    known = upload("known")

    with pytest.raises(openai.NotFoundError, match="'file-a', 'file-b'"):
        client.vector_stores.file_batches.create(store.id, file_ids=[known, "file-a", "file-b"])

    assert client.vector_stores.files.list(store.id).data == []


def test_a_batch_cancelled_while_it_runs_stays_cancelled(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(words(150, f"the cancelled thing {n}")) for n in range(200)]
    batch = client.vector_stores.file_batches.create(store.id, file_ids=files)
    at: Any = {"batch_id": batch.id, "vector_store_id": store.id}
    deadline = time.monotonic() + 30
    while client.vector_stores.file_batches.retrieve(**at).file_counts.completed < 5:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    cancelled = client.vector_stores.file_batches.cancel(**at)
    found = _all_found(client, store)
    polled = client.vector_stores.file_batches.poll(**at)

    in_progress, completed, failed, cancelled_count, total = counted(cancelled)
    assert (cancelled.status, in_progress, failed, total) == ("cancelled", 0, 0, 200)
    assert completed >= 5
    assert cancelled_count > 0
    assert completed + cancelled_count == 200
    assert polled == cancelled
    assert client.vector_stores.file_batches.cancel(**at) == cancelled
    by_status = {
        status: {member.id for member in client.vector_stores.file_batches.list_files(**at, filter=status, limit=100)}
        for status in ("in_progress", "completed", "cancelled")
    }
    assert [len(by_status[status]) for status in ("in_progress", "completed", "cancelled")] == [
        0,
        completed,
        cancelled_count,
    ]
    assert found <= by_status["completed"]
    for file in sorted(by_status["cancelled"])[:3]:
        assert client.vector_stores.files.poll(file, vector_store_id=store.id).status == "cancelled"
    shown = client.vector_stores.retrieve(store.id)
    assert (shown.status, shown.file_counts.to_dict()) == ("completed", cancelled.file_counts.to_dict())

    time.sleep(1.5)  # for workers that held files when the batch was cancelled
    assert client.vector_stores.file_batches.retrieve(**at) == cancelled
    assert client.vector_stores.retrieve(store.id).file_counts == shown.file_counts
    assert _all_found(client, store) <= by_status["completed"]


def _all_found(client: openai.OpenAI, store: VectorStore) -> set[str]:
    queries = [f"the cancelled thing {n}" for n in range(0, 200, 13)]
    return {hit.file_id for hit in client.vector_stores.search(store.id, query=queries, max_num_results=50).data}


def test_a_cancelled_file_that_is_attached_again_runs_again(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(words(150, f"second thoughts {n}")) for n in range(60)]
    batch = client.vector_stores.file_batches.create(store.id, file_ids=files)
    cancelled = client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id)
    assert cancelled.file_counts.cancelled > 0

    again = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=files[-5:])

    assert (again.status, counted(again)) == ("completed", (0, 5, 0, 0, 5))
    assert client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id) == cancelled
    shown = client.vector_stores.retrieve(store.id).file_counts
    assert (shown.in_progress, shown.total) == (0, 60)
    assert shown.completed == cancelled.file_counts.completed + 5
    hits = client.vector_stores.search(store.id, query="second thoughts 59").data
    assert files[-1] in {hit.file_id for hit in hits}


def test_cancelling_a_finished_batch_changes_nothing(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    completed_batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=[upload("finished")])

    assert client.vector_stores.file_batches.cancel(completed_batch.id, vector_store_id=store.id) == completed_batch


def test_a_batch_of_files_that_are_already_completed_completes_at_once(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(f"There already {n}") for n in range(3)]
    client.vector_stores.file_batches.create_and_poll(store.id, file_ids=files)

    again = client.vector_stores.file_batches.create(store.id, file_ids=files)

    assert (again.status, counted(again)) == ("completed", (0, 3, 0, 0, 3))
    assert client.vector_stores.retrieve(store.id).file_counts.total == 3


def test_a_batch_belongs_to_its_store(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    other = client.vector_stores.create()
    batch = client.vector_stores.file_batches.create(store.id, file_ids=[upload("mine")])

    with pytest.raises(openai.NotFoundError):
        client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=other.id)
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.file_batches.cancel(batch.id, vector_store_id=other.id)
    with pytest.raises(openai.NotFoundError):
        client.vector_stores.file_batches.list_files(batch.id, vector_store_id=other.id)


def test_a_batch_does_not_wait_for_files_that_are_deleted(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(words(60, f"the deleted thing {n}")) for n in range(40)]
    batch = client.vector_stores.file_batches.create(store.id, file_ids=files)

    for file in files[-10:]:
        client.files.delete(file)
    completed_batch = client.vector_stores.file_batches.poll(batch.id, vector_store_id=store.id)

    assert (completed_batch.status, completed_batch.file_counts.in_progress, completed_batch.file_counts.total) == (
        "completed",
        0,
        40,
    )
    assert client.vector_stores.retrieve(store.id).file_counts.to_dict() == {
        "in_progress": 0, "completed": 30, "failed": 0, "cancelled": 0, "total": 30,
    }  # fmt: skip
