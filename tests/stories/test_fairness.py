"""While a large batch runs, others get their turn: a single file at once, another batch side by side."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import openai
import pytest

from tests.servers import wait_until
from tests.stories.running import running

FILES = 1_000
EMBEDDING_SECONDS = 0.1
"""So that the batch takes a minute or more, whatever the machine."""

SINGLE_SECONDS = 3.0

pytestmark = pytest.mark.timeout(300)  # the first test uploads them all


class _Embedder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(EMBEDDING_SECONDS)
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        rows = [
            {"object": "embedding", "index": n, "embedding": [1.0, len(text) % 7, 2.0, 3.0]}
            for n, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        body = json.dumps({"object": "list", "data": rows, "model": "slow", "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def slow_embedder() -> Iterator[str]:
    """The URL of a model that takes its time with every request, and takes many at once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Embedder)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[openai.OpenAI, str, str, list[str]]]:
    """A client of a service that works on a large batch, the batch's store, its id and its files."""
    data: Path = tmp_path_factory.mktemp("fair") / "data"
    with slow_embedder() as url:
        environment = {
            "INGEST_EMBEDDING_URL": url,
            "INGEST_EMBEDDING_MODEL": "slow",
            "INGEST_EMBEDDING_DIMENSIONS": "4",
            "INGEST_EMBEDDING_BATCH_INPUTS": "1",
        }
        with running(data, "--workers", "2", environment=environment) as service, service.client() as client:

            def upload(number: int) -> str:
                file = (f"{number}.txt", f"Lantern {number} is lit.".encode())
                return client.files.create(file=file, purpose="assistants").id

            with ThreadPoolExecutor(8) as pool:
                files = list(pool.map(upload, range(FILES)))
            store = client.vector_stores.create(name="large")
            batch = client.vector_stores.file_batches.create(store.id, file_ids=files)
            wait_until(lambda: completed(client, store.id, batch.id) >= 20, seconds=60, what="the batch's start")
            yield client, store.id, batch.id, files
            client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id)


def completed(client: openai.OpenAI, store: str, batch: str) -> int:
    return client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.completed


def test_a_single_file_completes_within_seconds(busy: tuple[openai.OpenAI, str, str, list[str]]) -> None:
    client, large, batch, files = busy
    store = client.vector_stores.create(name="small")
    took: list[float] = []

    for file in files[:5]:
        started = time.monotonic()
        attached = client.vector_stores.files.create_and_poll(file, vector_store_id=store.id, poll_interval_ms=50)
        took.append(time.monotonic() - started)
        assert attached.status == "completed"

    assert max(took) < SINGLE_SECONDS, took
    assert client.vector_stores.file_batches.retrieve(batch, vector_store_id=large).status == "in_progress"


def test_two_batches_of_two_stores_advance_side_by_side(busy: tuple[openai.OpenAI, str, str, list[str]]) -> None:
    client, large, first, files = busy
    store = client.vector_stores.create(name="the other")

    second = client.vector_stores.file_batches.create(store.id, file_ids=files[-400:]).id
    wait_until(lambda: completed(client, store.id, second) >= 40, seconds=60, what="the second batch's start")
    before = completed(client, large, first), completed(client, store.id, second)
    wait_until(lambda: completed(client, store.id, second) >= before[1] + 100, seconds=60, what="its progress")
    after = completed(client, large, first), completed(client, store.id, second)

    gained = after[0] - before[0], after[1] - before[1]
    assert gained[1] / 3 <= gained[0] <= gained[1] * 3, gained
    client.vector_stores.file_batches.cancel(second, vector_store_id=store.id)
