"""Large files, in parts and in one request: the API must not hold them in memory."""

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import openai
import psutil
import pytest
from openai.types import VectorStore

from tests.stories.running import Service

MIB = 2**20
GROWTH_BYTES = 64 * MIB
"""Limit of the API's memory growth in bytes, for files of any size."""

IN_PARTS_BYTES = 150 * MIB
IN_ONE_BYTES = 512 * MIB - 2**16


@pytest.fixture
def bounded_memory(service: Service) -> Iterator[None]:
    """Fail a story in which the API's memory grows by more than the limit."""
    with peak_memory(api_process(service)) as peak:
        before = peak[0]
        started = time.monotonic()
        yield
    print(f"API: {before / MIB:.0f} MiB, grew by {(peak[0] - before) / MIB:.1f}; {time.monotonic() - started:.1f} s")
    assert peak[0] - before < GROWTH_BYTES


def api_process(service: Service) -> psutil.Process:
    for process in psutil.Process(service.process.pid).children(recursive=True):
        with suppress(psutil.Error):  # some children end while they are listed
            if "api.server" in process.cmdline():
                return process
    raise AssertionError(f"The service has no API process.\n{service.logs()}")


@contextmanager
def peak_memory(process: psutil.Process) -> Iterator[list[int]]:
    peak, stopped = [process.memory_info().rss], threading.Event()

    def watch() -> None:
        while not stopped.wait(0.02):
            peak[0] = max(peak[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        stopped.set()
        thread.join()


def large_file(path: Path, size: int) -> str:
    """Write a file in which every MiB differs, and return its MD5."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        for number in range(-(-size // MIB)):
            block = (b"%08d" % number * (MIB // 8))[: size - number * MIB]
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def md5_of(client: openai.OpenAI, file_id: str) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with client.files.with_streaming_response.content(file_id) as answer:
        for block in answer.iter_bytes(MIB):
            digest.update(block)
    return digest.hexdigest()


def test_a_file_uploaded_in_small_parts_is_searchable(strict: openai.OpenAI, store: VectorStore) -> None:
    text = b"The bittern booms in the reeds at dusk. " * 100

    upload = strict.uploads.upload_file_chunked(
        file=text,
        filename="bittern.txt",
        bytes=len(text),
        mime_type="text/plain",
        purpose="assistants",
        part_size=1_000,
        md5=hashlib.md5(text, usedforsecurity=False).hexdigest(),
    )

    assert (upload.status, upload.object, upload.bytes) == ("completed", "upload", len(text))
    assert upload.file is not None
    assert (upload.file.filename, upload.file.purpose, upload.file.bytes) == ("bittern.txt", "assistants", len(text))
    assert strict.files.content(upload.file.id).read() == text
    strict.vector_stores.files.create_and_poll(upload.file.id, vector_store_id=store.id)
    assert strict.vector_stores.search(store.id, query="bittern").data[0].file_id == upload.file.id


def test_a_large_file_in_parts_costs_the_service_no_memory(
    client: openai.OpenAI, tmp_path: Path, bounded_memory: None
) -> None:
    md5 = large_file(tmp_path / "large.bin", IN_PARTS_BYTES)

    upload = client.uploads.upload_file_chunked(
        file=tmp_path / "large.bin", mime_type="application/octet-stream", purpose="user_data", md5=md5
    )

    assert upload.file is not None
    assert (upload.file.filename, upload.file.bytes) == ("large.bin", IN_PARTS_BYTES)
    assert md5_of(client, upload.file.id) == md5
    client.files.delete(upload.file.id)


def test_parts_may_be_sent_at_the_same_time_and_in_any_order(client: openai.OpenAI) -> None:
    upload = client.uploads.create(bytes=80, filename="a.txt", mime_type="text/plain", purpose="user_data")

    with ThreadPoolExecutor(8) as pool:
        parts = list(
            pool.map(lambda n: client.uploads.parts.create(upload.id, data=b"%d" % n * 10).id, reversed(range(8)))
        )
    done = client.uploads.complete(upload.id, part_ids=parts[::-1])
    repeated = client.uploads.complete(upload.id, part_ids=parts[::-1])

    assert done == repeated
    assert done.file is not None
    assert client.files.content(done.file.id).text == "".join(str(n) * 10 for n in range(8))


def test_a_cancelled_upload_takes_no_parts(strict: openai.OpenAI) -> None:
    upload = strict.uploads.create(bytes=1, filename="a.txt", mime_type="text/plain", purpose="batch")
    part = strict.uploads.parts.create(upload.id, data=b"x")

    cancelled = strict.uploads.cancel(upload.id)

    assert (upload.status, cancelled.status, part.object) == ("pending", "cancelled", "upload.part")
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        strict.uploads.parts.create(upload.id, data=b"x")
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        strict.uploads.complete(upload.id, part_ids=[part.id])
    with pytest.raises(openai.NotFoundError):
        strict.uploads.cancel("upload_unknown")


def test_half_a_gigabyte_in_one_request_costs_the_service_no_memory(service: Service, bounded_memory: None) -> None:
    with httpx.Client(base_url=service.base_url, timeout=60) as client:
        answer = client.post("/files", content=_form(IN_ONE_BYTES), headers=_form_headers(IN_ONE_BYTES))

        assert answer.status_code == 200, answer.text
        assert answer.json()["bytes"] == IN_ONE_BYTES
        client.delete(f"/files/{answer.json()['id']}")


def test_a_too_large_file_is_refused_and_the_client_goes_on(service: Service) -> None:
    size = 512 * MIB + 2**17

    with httpx.Client(base_url=service.base_url, timeout=60) as client:
        answer = client.post("/files", content=_form(size), headers=_form_headers(size))
        after = client.get("/files", params={"limit": 1})

    assert (answer.status_code, answer.json()["error"]["param"]) == (413, "file")
    assert after.status_code == 200


_HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nuser_data\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="zeros.bin"\r\n\r\n'
)
_TAIL = b"\r\n--b--\r\n"


def _form_headers(size: int) -> dict[str, str]:
    length = len(_HEAD) + size + len(_TAIL)
    return {"content-type": "multipart/form-data; boundary=b", "content-length": str(length)}


def _form(size: int) -> Iterator[bytes]:
    yield _HEAD
    for start in range(0, size, MIB):
        yield bytes(min(MIB, size - start))
    yield _TAIL
