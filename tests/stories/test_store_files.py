"""Files of a vector store through the real client."""

import asyncio
import collections
import contextlib
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from openai.types import VectorStore

from tests.stories.conftest import Upload
from tests.stories.running import Service

SMALL: Any = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 20}}


def found(client: openai.OpenAI, store: VectorStore, query: str, **options: Any) -> list[str]:
    """Return the ids of the files that a search returns."""
    return [hit.file_id for hit in client.vector_stores.search(store.id, query=query, **options).data]


def counts(client: openai.OpenAI, store: VectorStore) -> dict[str, int]:
    return {name: count for name, count in client.vector_stores.retrieve(store.id).file_counts if count}


def test_a_file_is_attached_polled_retrieved_and_removed(
    strict: openai.OpenAI, client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    file = upload("Gannets dive from thirty metres.")

    attached = strict.vector_stores.files.create(store.id, file_id=file, attributes={"kind": "bird"})
    done = strict.vector_stores.files.poll(file, vector_store_id=store.id)
    text = strict.vector_stores.files.content(file, vector_store_id=store.id)
    removed = strict.vector_stores.files.delete(file, vector_store_id=store.id)

    assert (attached.id, attached.object, attached.vector_store_id) == (file, "vector_store.file", store.id)
    assert (done.status, done.last_error, done.attributes) == ("completed", None, {"kind": "bird"})
    assert done.usage_bytes > 0
    assert [part.text for part in text.data] == ["Gannets dive from thirty metres."]
    assert not text.has_next_page()
    assert (removed.id, removed.object, removed.deleted) == (file, "vector_store.file.deleted", True)
    assert client.files.retrieve(file).id == file
    assert found(client, store, "gannets") == []
    assert client.vector_stores.retrieve(store.id).usage_bytes == 0
    with pytest.raises(openai.NotFoundError):
        strict.vector_stores.files.delete(file, vector_store_id=store.id)


def test_the_raw_json_of_a_store_file_and_its_content_has_exactly_the_documented_keys(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    file = upload("Raw.")
    client.vector_stores.files.create_and_poll(file, vector_store_id=store.id)
    path = f"/vector_stores/{store.id}/files/{file}"

    member: Any = client.get(path, cast_to=object)
    content: Any = client.get(f"{path}/content", cast_to=object)

    usage, created = member.pop("usage_bytes"), member.pop("created_at")
    assert isinstance(usage, int)
    assert isinstance(created, int)
    assert member == {
        "id": file,
        "object": "vector_store.file",
        "vector_store_id": store.id,
        "status": "completed",
        "last_error": None,
        "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
        "attributes": {},
        "filename": "note.txt",
        "warnings": 0,
        "waiting_for": None,
        "waiting_details": None,
    }
    assert content == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": "Raw."}],
        "structure": {"sections": [], "headings": []},
        "has_more": False,
        "next_page": None,
    }


def test_the_sdk_helpers_upload_attach_and_poll(client: openai.OpenAI, store: VectorStore) -> None:
    done = client.vector_stores.files.upload_and_poll(
        vector_store_id=store.id, file=("a.md", b"# Terns\n\nThey migrate far."), attributes={"n": 1}
    )

    assert (done.status, done.attributes) == ("completed", {"n": 1})
    assert found(client, store, "terns migrate") == [done.id]


async def _upload_and_search(service: Service, store: str) -> tuple[str, str]:
    async with openai.AsyncOpenAI(base_url=service.base_url, api_key="none") as client:
        member = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store, file=("a.txt", b"Asynchronous.")
        )
        hits = await client.vector_stores.search(store, query="asynchronous")
        return member.id, hits.data[0].file_id


def test_the_async_client_uploads_and_downloads(service: Service, store: VectorStore) -> None:
    member, hit = asyncio.run(_upload_and_search(service, store.id))

    assert member == hit


def test_two_files_with_the_same_text_are_independent(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    text = "The wreck lies at forty fathoms."
    first, second = upload(text), upload(text)
    for file in (first, second):
        client.vector_stores.files.create_and_poll(file, vector_store_id=store.id)
    assert sorted(found(client, store, "wreck")) == sorted([first, second])

    client.files.delete(first)

    assert found(client, store, "wreck") == [second]
    assert client.files.content(second).text == text
    assert client.vector_stores.files.content(second, vector_store_id=store.id).data[0].text == text


def test_the_next_search_uses_new_attributes(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    file = upload("Tide tables for the estuary.")
    client.vector_stores.files.create_and_poll(file, vector_store_id=store.id, attributes={"year": 2024, "draft": True})

    for year in range(2025, 2035):
        changed = client.vector_stores.files.update(file, vector_store_id=store.id, attributes={"year": year})
        assert changed.attributes == {"year": year}
        assert found(client, store, "tide", filters={"type": "eq", "key": "year", "value": year}) == [file]
        assert found(client, store, "tide", filters={"type": "lt", "key": "year", "value": year}) == []
        assert found(client, store, "tide", filters={"type": "eq", "key": "draft", "value": True}) == []

    cleared = client.vector_stores.files.update(file, vector_store_id=store.id, attributes=None)
    assert cleared.attributes == {}
    assert found(client, store, "tide", filters={"type": "gte", "key": "year", "value": 0}) == []


def test_attaching_again_changes_nothing_but_the_attributes(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    file = upload("Once is enough.")
    first = client.vector_stores.files.create_and_poll(file, vector_store_id=store.id, attributes={"a": 1})

    same = client.vector_stores.files.create(store.id, file_id=file)
    styled = client.vector_stores.files.create(store.id, file_id=file, attributes={"b": 2})

    assert same == first
    assert (styled.status, styled.attributes, styled.created_at) == ("completed", {"b": 2}, first.created_at)
    assert counts(client, store) == {"completed": 1, "total": 1}
    assert found(client, store, "enough", filters={"type": "eq", "key": "b", "value": 2}) == [file]
    assert len(client.vector_stores.files.list(store.id).data) == 1


def test_attaching_again_with_other_chunking_chunks_the_file_again(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    file = upload(" ".join(f"Sentence {n} about the harbour." for n in range(150)))
    client.vector_stores.files.create_and_poll(file, vector_store_id=store.id)
    large = len(found(client, store, "harbour", max_num_results=50))

    repeated = client.vector_stores.files.create(store.id, file_id=file, chunking_strategy=SMALL)
    done = client.vector_stores.files.poll(file, vector_store_id=store.id)

    assert (repeated.id, done.status) == (file, "completed")
    assert done.chunking_strategy is not None
    assert done.chunking_strategy.to_dict() == SMALL
    small = client.vector_stores.search(store.id, query="harbour", max_num_results=50).data
    assert len(small) > 2 * large
    assert len({hit.content[0].text for hit in small}) == len(small)
    assert counts(client, store) == {"completed": 1, "total": 1}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.txt", b"", "invalid_file"),
        ("blank.txt", b" \n\t ", "invalid_file"),
        ("program.exe", b"MZ" + bytes(range(256)) * 20, "unsupported_file"),
        ("broken.pdf", b"%PDF-1.7\nnothing of the sort", "invalid_file"),
        ("broken.docx", b"PK\x03\x04 not a zip at all", None),
    ],
)
def test_an_unreadable_file_fails_with_a_reason(
    strict: openai.OpenAI, client: openai.OpenAI, store: VectorStore, name: str, content: bytes, code: str | None
) -> None:
    done = strict.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=(name, content))

    assert done.status == "failed"
    assert done.last_error is not None
    assert done.last_error.code == code or (code is None and done.last_error.code != "server_error")
    assert done.last_error.message
    assert done.usage_bytes == 0
    shown = client.vector_stores.retrieve(store.id)
    assert (shown.status, counts(client, store)) == ("completed", {"failed": 1, "total": 1})
    with pytest.raises(openai.BadRequestError):
        client.vector_stores.files.content(done.id, vector_store_id=store.id)


def test_a_failed_file_that_is_attached_again_runs_again(client: openai.OpenAI, store: VectorStore) -> None:
    failed = client.vector_stores.files.upload_and_poll(vector_store_id=store.id, file=("empty.txt", b""))

    repeated = client.vector_stores.files.create(store.id, file_id=failed.id)
    done = client.vector_stores.files.poll(failed.id, vector_store_id=store.id)

    assert (repeated.id, done.status) == (failed.id, "failed")
    assert counts(client, store) == {"failed": 1, "total": 1}


def test_more_than_a_hundred_store_files_are_listed_in_both_orders_and_by_status(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(f"Member {n}." if n % 10 else "") for n in range(110)]
    batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=files)
    assert (batch.file_counts.completed, batch.file_counts.failed) == (99, 11)

    listed = client.vector_stores.files.list
    assert [member.id for member in listed(store.id, order="asc", limit=7)] == files
    assert [member.id for member in listed(store.id, limit=100)] == files[::-1]
    assert [member.id for member in listed(store.id, filter="failed", order="asc", limit=2)] == files[::10]
    assert [member.id for member in listed(store.id, filter="in_progress")] == []
    assert [member.id for member in listed(store.id, order="asc", before=files[5], limit=2).data] == files[3:5]
    assert [member.id for member in listed(store.id, after=files[3], limit=100).data] == files[2::-1]
    in_batch = client.vector_stores.file_batches.list_files
    assert [member.id for member in in_batch(batch.id, vector_store_id=store.id, order="asc", limit=9)] == files
    failed = in_batch(batch.id, vector_store_id=store.id, filter="failed", limit=3)
    assert [member.id for member in failed] == files[::10][::-1]


def test_a_store_file_may_be_removed_between_two_pages(
    client: openai.OpenAI, store: VectorStore, upload: Upload
) -> None:
    files = [upload(str(n)) for n in range(6)]
    client.vector_stores.file_batches.create(store.id, file_ids=files)
    page = client.vector_stores.files.list(store.id, order="asc", limit=2)

    client.vector_stores.files.delete(files[4], vector_store_id=store.id)
    rest = [member.id for member in page.get_next_page()]

    assert rest == [files[2], files[3], files[5]]


def test_the_poll_interval_header_is_an_integer(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    answer = client.vector_stores.files.with_raw_response.create(store.id, file_id=upload("A long hint. " * 5_000))

    assert json.loads(answer.text)["status"] == "in_progress"
    assert 0 < int(answer.headers["openai-poll-after-ms"]) <= 1_000


def test_counts_agree_after_many_concurrent_clients(
    client: openai.OpenAI, service: Service, store: VectorStore, upload: Upload
) -> None:
    files = [upload(f"Contested text {n}. " * 100) for n in range(20)]
    batches: list[str] = []
    until = time.monotonic() + 4

    def send_random_requests(seed: int) -> None:
        chance = random.Random(seed)
        with service.client(max_retries=0) as mine:
            members, of_batches = mine.vector_stores.files, mine.vector_stores.file_batches
            while time.monotonic() < until:
                file = chance.choice(files)
                with contextlib.suppress(openai.NotFoundError):
                    match chance.randrange(6):
                        case 0:
                            members.create(store.id, file_id=file, attributes={"n": chance.randrange(3)})
                        case 1:
                            members.create(store.id, file_id=file, chunking_strategy=SMALL)
                        case 2:
                            batches.append(of_batches.create(store.id, file_ids=chance.sample(files, 8)).id)
                        case 3 if batches:
                            answer = of_batches.cancel(chance.choice(batches[-4:]), vector_store_id=store.id)
                            assert answer.file_counts.in_progress == 0
                        case 4:
                            members.delete(file, vector_store_id=store.id)
                        case _:
                            wanted: Any = {"type": "ne", "key": "n", "value": 1}
                            hits = mine.vector_stores.search(store.id, query="contested", filters=wanted).data
                            assert all((hit.attributes or {}).get("n") != 1 for hit in hits)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send_random_requests, range(4)))
    for batch in batches:
        done = client.vector_stores.file_batches.poll(batch, vector_store_id=store.id)
        assert done.status in ("completed", "cancelled")
    while (shown := client.vector_stores.retrieve(store.id)).status == "in_progress":
        time.sleep(0.05)

    members = list(client.vector_stores.files.list(store.id, limit=100))
    statuses = collections.Counter(str(member.status) for member in members)
    assert counts(client, store) == {**statuses, "total": len(members)}
    assert shown.usage_bytes == sum(member.usage_bytes for member in members)
    completed = {member.id for member in members if member.status == "completed"}
    assert set(found(client, store, "contested", max_num_results=50)) <= completed
