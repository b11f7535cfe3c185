"""Use vector stores through any generation of the openai client for Python.

The interpreter of that generation runs it, with OPENAI_BASE_URL in the environment. Standard input names a store with
many files: {"store": id, "batch": id, "files": [ids, oldest first]}. It prints the client's version and one line for
each check: {"check": name, "error": null or the error}.
"""

import asyncio
import inspect
import io
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import openai

LARGE_STORE = json.load(sys.stdin)
FILES: list[str] = LARGE_STORE["files"]
CLIENT: Any = openai.OpenAI(max_retries=0, timeout=30)
MAX_ITEMS = 10_000
"""A limit above the number of objects."""


def stores_of(client: Any) -> Any:
    """Vector stores were in beta until 1.66."""
    return getattr(client, "vector_stores", None) or client.beta.vector_stores


STORES = stores_of(CLIENT)


def store_lifecycle() -> None:
    created = STORES.create(
        name="a shelf", metadata={"room": "4"}, expires_after={"anchor": "last_active_at", "days": 7}
    )
    changed = STORES.update(created.id, name="a drawer")

    assert STORES.retrieve(created.id) == changed
    assert (created.status, created.file_counts.total, created.metadata) == ("completed", 0, {"room": "4"})
    assert (changed.id, changed.name, changed.metadata) == (created.id, "a drawer", {"room": "4"})
    assert (changed.expires_after.days, changed.expires_at) == (7, changed.last_active_at + 7 * 86_400)
    assert created.id in ids(STORES.list(limit=5))
    assert STORES.delete(created.id).deleted is True
    assert created.id not in ids(STORES.list(limit=5))
    assert isinstance(raised_error(STORES.retrieve, created.id), openai.NotFoundError)


def batch_upload() -> None:
    store = STORES.create()

    batch = STORES.file_batches.upload_and_poll(store.id, files=[text(f"Buoy {n} is green.") for n in range(12)])

    assert (batch.status, counts_of(batch)) == ("completed", (0, 12, 0, 0, 12)), batch
    assert counts_of(STORES.retrieve(store.id)) == counts_of(batch)


def asynchronous_batch_upload() -> None:
    async def upload() -> Any:
        async with openai.AsyncOpenAI(max_retries=0, timeout=30) as client:
            stores = stores_of(client)
            store = await stores.create()
            batch = await stores.file_batches.upload_and_poll(store.id, files=[text(f"Note {n}.") for n in range(8)])
            listed = [file.id async for file in stores.files.list(store.id, limit=3)]
            return batch, listed

    batch, listed = asyncio.run(upload())

    assert (batch.status, counts_of(batch)) == ("completed", (0, 8, 0, 0, 8)), batch
    assert len(listed) == len(set(listed)) == 8


def batch_of_failures() -> None:
    batch = STORES.file_batches.upload_and_poll(STORES.create().id, files=[text(""), text("  ")])

    assert (batch.status, counts_of(batch)) == ("completed", (0, 0, 2, 0, 2)), batch


def batch_cancel() -> None:
    store = STORES.create()
    batch = STORES.file_batches.create(store.id, file_ids=FILES)
    at = {"batch_id": batch.id, "vector_store_id": store.id}

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(STORES.file_batches.poll, **at)
        wait_until(lambda: STORES.file_batches.retrieve(**at).file_counts.completed)
        cancelled = STORES.file_batches.cancel(**at)
        polled = polling.result()

    in_progress, completed, failed, cancelled_count, total = counts_of(cancelled)
    assert (batch.status, cancelled.status) == ("in_progress", "cancelled")
    assert (in_progress, failed, total) == (0, 0, len(FILES))
    assert min(completed, cancelled_count) > 0
    assert completed + cancelled_count == total
    assert polled == cancelled == STORES.file_batches.cancel(**at)
    some = STORES.file_batches.list_files(**at, filter="cancelled", limit=1).data[0]
    assert STORES.files.poll(some.id, vector_store_id=store.id).status == "cancelled"


def batch_of_a_deleted_store() -> None:
    store = STORES.create()
    batch = STORES.file_batches.create(store.id, file_ids=FILES)

    with ThreadPoolExecutor(1) as pool:
        polling = pool.submit(STORES.file_batches.poll, batch.id, vector_store_id=store.id)
        STORES.delete(store.id)

        assert isinstance(raised_error(polling.result), openai.NotFoundError)


def paging() -> None:
    assert ids(STORES.files.list(LARGE_STORE["store"], limit=40, order="asc")) == FILES
    assert ids(STORES.files.list(LARGE_STORE["store"])) == FILES[::-1]
    batch = STORES.file_batches.list_files(
        LARGE_STORE["batch"], vector_store_id=LARGE_STORE["store"], limit=100, order="asc"
    )
    assert ids(batch) == FILES
    middle = STORES.files.list(LARGE_STORE["store"], limit=10, order="asc", after=FILES[9], before=FILES[15])
    assert [file.id for file in middle.data] == FILES[10:15]


def list_of_all_files() -> None:
    assert set(FILES) <= {file.id for file in CLIENT.files.list().data}
    assert set(FILES) <= set(ids(CLIENT.files.list()))
    if "limit" in inspect.signature(CLIENT.files.list).parameters:
        assert set(FILES) <= set(ids(CLIENT.files.list(limit=100)))


def single_files() -> None:
    store = STORES.create()

    good = STORES.files.upload_and_poll(vector_store_id=store.id, file=text("The tide turns at noon."))
    bad = STORES.files.upload_and_poll(vector_store_id=store.id, file=text(""))

    assert (good.status, good.last_error, good.vector_store_id) == ("completed", None, store.id)
    assert (bad.status, bad.last_error.code) == ("failed", "invalid_file")
    assert good == STORES.files.retrieve(good.id, vector_store_id=store.id)
    assert CLIENT.files.retrieve(good.id).status == "processed"
    assert CLIENT.files.content(good.id).read() == b"The tide turns at noon."


def deletes() -> None:
    store = STORES.create()
    kept, cancelled_count = (
        STORES.files.upload_and_poll(vector_store_id=store.id, file=text(f"Rope {n}.")).id for n in (1, 2)
    )

    assert STORES.files.delete(kept, vector_store_id=store.id).deleted is True
    assert CLIENT.files.delete(cancelled_count).deleted is True

    assert CLIENT.files.retrieve(kept).id == kept
    assert isinstance(raised_error(CLIENT.files.retrieve, cancelled_count), openai.NotFoundError)
    assert isinstance(raised_error(STORES.files.retrieve, kept, vector_store_id=store.id), openai.NotFoundError)
    assert ids(STORES.files.list(store.id)) == []
    assert STORES.retrieve(store.id).file_counts.total == 0
    assert search(store.id, "rope") == []


def searching() -> None:
    store = STORES.create()
    batch = [text("Herons fish at dawn."), text("The safe is behind the clock.")]
    STORES.file_batches.upload_and_poll(store.id, files=batch)

    hits = search(store.id, "Where is the safe?", max_num_results=1)

    assert [hit["content"] for hit in hits] == [[{"type": "text", "text": "The safe is behind the clock."}]]
    assert 0 < hits[0]["score"] <= 1
    assert hits[0]["file_id"] in ids(STORES.files.list(store.id))


def attributes() -> None:
    """Since 1.66."""
    store = STORES.create()
    given = [CLIENT.files.create(file=text(f"Sail {n}."), purpose="assistants").id for n in (1, 2)]
    only_second = {"type": "and", "filters": [{"type": "eq", "key": "kind", "value": "jib"}, {"type": "gt", "key": "n", "value": 1}]}  # fmt: skip

    first = STORES.files.create_and_poll(given[0], vector_store_id=store.id, attributes={"kind": "jib", "n": 1})
    second = STORES.files.create_and_poll(given[1], vector_store_id=store.id)
    assert search(store.id, "sail", filters=only_second) == []
    updated = STORES.files.update(second.id, vector_store_id=store.id, attributes={"kind": "jib", "n": 2.5})

    assert (first.attributes, second.attributes) == ({"kind": "jib", "n": 1}, {})
    assert updated.attributes == {"kind": "jib", "n": 2.5}
    assert [hit["file_id"] for hit in search(store.id, "sail", filters=only_second)] == [second.id]
    assert STORES.files.content(second.id, vector_store_id=store.id).data[0].text == "Sail 2."


def uploads() -> None:
    """Not in 1.30."""
    content = b"In parts, and whole again."
    about = {"filename": "parts.txt", "bytes": len(content), "mime_type": "text/plain", "purpose": "assistants"}

    created = CLIENT.uploads.create(**about)
    parts = [CLIENT.uploads.parts.create(created.id, data=data).id for data in (content[9:], content[:9])]
    done = CLIENT.uploads.complete(created.id, part_ids=parts[::-1])
    dropped = CLIENT.uploads.cancel(CLIENT.uploads.create(**about).id)

    assert (created.status, done.status, dropped.status) == ("pending", "completed", "cancelled")
    assert CLIENT.files.content(done.file.id).read() == content
    completed_upload = CLIENT.uploads.upload_file_chunked(file=content, part_size=10, **about)
    assert CLIENT.files.content(completed_upload.file.id).read() == content


def errors() -> None:
    store = STORES.create()

    missing = raised_error(STORES.files.create, store.id, file_id="file-unknown")
    invalid = raised_error(STORES.files.list, store.id, limit=1000)
    unnamed = raised_error(STORES.file_batches.create, store.id, file_ids=[])

    assert isinstance(missing, openai.NotFoundError)
    assert (missing.status_code, missing.type) == (404, "invalid_request_error")
    assert "file-unknown" in missing.message
    assert isinstance(invalid, openai.BadRequestError)
    assert (invalid.status_code, invalid.code, invalid.param) == (400, "integer_above_max_value", "limit")
    assert "limit" in invalid.message
    assert isinstance(unnamed, openai.BadRequestError)
    assert (unnamed.code, unnamed.param) == ("empty_array", "file_ids")
    assert invalid.request_id == invalid.response.headers["x-request-id"]


def search(store: str, query: str, **options: Any) -> list[Any]:
    """Return the results; before 1.66 the client had no search method."""
    if hasattr(STORES, "search"):
        hits = STORES.search(store, query=query, **options)
        return [hit.to_dict() for hit in islice(hits, MAX_ITEMS)]
    page = CLIENT.post(f"/vector_stores/{store}/search", body={"query": query, **options}, cast_to=object)
    return list(page["data"])


def text(content: str) -> io.BytesIO:
    file = io.BytesIO(content.encode())
    file.name = "note.txt"
    return file


def ids(pages: Iterable[Any]) -> list[str]:
    """Collect all pages, with an upper bound."""
    return [item.id for item in islice(pages, MAX_ITEMS)]


def counts_of(thing: Any) -> tuple[int, int, int, int, int]:
    counts = thing.file_counts
    return counts.in_progress, counts.completed, counts.failed, counts.cancelled, counts.total


def raised_error(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        call(*args, **options)
    except openai.APIError as error:
        return error
    return None


def wait_until(condition: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It took too long."
        time.sleep(0.02)


CHECKS = [
    store_lifecycle,
    batch_upload,
    asynchronous_batch_upload,
    batch_of_failures,
    batch_cancel,
    batch_of_a_deleted_store,
    paging,
    list_of_all_files,
    single_files,
    deletes,
    searching,
    *([attributes] if hasattr(STORES.files, "update") else []),
    *([uploads] if hasattr(CLIENT, "uploads") else []),
    errors,
]

print(json.dumps({"client": openai.__version__}), flush=True)
for check in CHECKS:
    failure = None
    try:
        check()
    except Exception:  # noqa: BLE001 - the error is reported and the next check runs
        failure = traceback.format_exc()
    print(json.dumps({"check": check.__name__, "error": failure}), flush=True)
