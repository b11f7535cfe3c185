"""Vector stores through the real client."""

import json
import time

import openai
import pytest

from tests.stories.conftest import Upload


def test_a_store_is_created_retrieved_updated_and_deleted(strict: openai.OpenAI) -> None:
    created = strict.vector_stores.create(
        name="Birds", description="Of the shore", metadata={"team": "a"}, expires_after={"anchor": "last_active_at", "days": 7}
    )  # fmt: skip
    shown = strict.vector_stores.retrieve(created.id)
    changed = strict.vector_stores.update(created.id, name="Fish", metadata={"team": "b", "sea": "North"})
    cleared = strict.vector_stores.update(created.id, expires_after=None, metadata=None)
    deleted = strict.vector_stores.delete(created.id)

    assert shown == created
    assert (created.object, created.name, created.status, created.usage_bytes) == (
        "vector_store",
        "Birds",
        "completed",
        0,
    )
    assert created.expires_at is not None
    assert created.last_active_at is not None
    assert created.expires_at == created.last_active_at + 7 * 86_400
    assert (changed.name, changed.metadata) == ("Fish", {"team": "b", "sea": "North"})
    assert (changed.expires_after, changed.created_at) == (created.expires_after, created.created_at)
    assert (cleared.name, cleared.metadata, cleared.expires_after, cleared.expires_at) == ("Fish", {}, None, None)
    assert (deleted.id, deleted.object, deleted.deleted) == (created.id, "vector_store.deleted", True)
    with pytest.raises(openai.NotFoundError):
        strict.vector_stores.retrieve(created.id)
    with pytest.raises(openai.NotFoundError):
        strict.vector_stores.delete(created.id)


def test_a_store_may_be_created_without_parameters(strict: openai.OpenAI) -> None:
    raw = json.loads(strict.vector_stores.with_raw_response.create().text)

    assert raw["name"] == ""
    assert raw["metadata"] == {}
    assert raw["status"] == "completed"
    assert raw["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    assert raw["last_active_at"] == raw["created_at"]
    assert set(raw) == {
        "id", "object", "created_at", "name", "description", "usage_bytes", "bytes", "file_counts", "status",
        "expires_after", "expires_at", "last_active_at", "metadata", "chunks",
    }  # fmt: skip


def test_a_store_may_be_created_with_files(client: openai.OpenAI, upload: Upload) -> None:
    files = [upload(f"Note {n} is about lighthouses.") for n in range(3)]

    store = client.vector_stores.create(
        file_ids=[*files, files[0]],
        chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}},
    )
    assert store.file_counts.total == 3
    while (store := client.vector_stores.retrieve(store.id)).status == "in_progress":
        time.sleep(0.05)

    assert (store.status, store.file_counts.completed) == ("completed", 3)
    assert store.usage_bytes > 0
    assert len(client.vector_stores.search(store.id, query="lighthouses").data) == 3
    member = client.vector_stores.files.retrieve(files[0], vector_store_id=store.id)
    assert member.chunking_strategy is not None
    assert member.chunking_strategy.to_dict()["static"] == {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}


def test_an_unknown_file_creates_no_store(client: openai.OpenAI, upload: Upload) -> None:
    before = client.vector_stores.list(limit=1).data[:1]

    with pytest.raises(openai.NotFoundError, match="file-unknown"):
        client.vector_stores.create(file_ids=[upload("known"), "file-unknown"])

    assert client.vector_stores.list(limit=1).data[:1] == before


def test_more_than_a_hundred_stores_are_listed_in_both_orders(client: openai.OpenAI) -> None:
    first = client.vector_stores.create(name="the first")
    created_ids = [client.vector_stores.create(name=str(n)).id for n in range(104)]

    ascending = [store.id for store in client.vector_stores.list(order="asc", after=first.id, limit=7)]
    descending = [store.id for store in client.vector_stores.list(limit=13, before=None)]  # type: ignore[arg-type]  # sent as null
    before = client.vector_stores.list(order="asc", before=created_ids[10], limit=3)
    between = client.vector_stores.list(order="desc", after=created_ids[50], before=created_ids[45], limit=100)

    assert ascending == created_ids
    assert descending[:104] == created_ids[::-1]
    assert len(descending) == len(set(descending))
    assert [store.id for store in before.data] == created_ids[7:10]
    assert [store.id for store in between.data] == created_ids[49:45:-1]
    assert client.vector_stores.list(limit=100).has_more


def test_a_list_of_stores_continues_after_its_cursor_was_deleted(client: openai.OpenAI) -> None:
    created_ids = [client.vector_stores.create().id for _ in range(4)]
    page = client.vector_stores.list(limit=2)
    assert [store.id for store in page.data] == created_ids[:1:-1]

    client.vector_stores.delete(created_ids[2])
    rest = page.get_next_page()

    assert rest.data == [] or rest.data[0].id == created_ids[1]  # a list may end early, but it must end


def test_deleting_a_store_keeps_the_uploaded_files(client: openai.OpenAI, upload: Upload) -> None:
    file = upload("Files outlive stores.")
    store = client.vector_stores.create(file_ids=[file])

    client.vector_stores.delete(store.id)

    assert client.files.retrieve(file).id == file
    for request in (
        lambda: client.vector_stores.search(store.id, query="x"),
        lambda: client.vector_stores.files.list(store.id),
        lambda: client.vector_stores.files.create(store.id, file_id=file),
        lambda: client.vector_stores.file_batches.create(store.id, file_ids=[file]),
        lambda: client.vector_stores.update(store.id, name="x"),
    ):
        with pytest.raises(openai.NotFoundError, match="No vector store found with id"):
            request()
    assert store.id not in [other.id for other in client.vector_stores.list(limit=100)]


def test_a_file_of_a_store_that_is_being_deleted_can_be_deleted(client: openai.OpenAI, upload: Upload) -> None:
    file = upload("Neither store nor file stays.")
    store = client.vector_stores.create(file_ids=[file])

    client.vector_stores.delete(store.id)
    client.files.delete(file)

    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file)
