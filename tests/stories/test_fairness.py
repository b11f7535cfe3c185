"""Fairness: a single file and another batch progress while a large batch runs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from tests.embeddings import DIMENSIONS, embedding_server
from tests.servers import wait_until
from tests.stories.running import running

FILES = 1_000
EMBEDDING_SECONDS = 0.1
"""Slow enough to keep the service busy with all files for a minute or more."""

SINGLE_SECONDS = 3.0

pytestmark = pytest.mark.timeout(300)  # the fixture uploads all files


@pytest.fixture(scope="module")
def busy_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[openai.OpenAI, str, str, list[str]]]:
    """Yield a client of a service that works on a large batch, with the batch's store, id and files."""
    data: Path = tmp_path_factory.mktemp("fair") / "data"
    with embedding_server() as model:
        model.seconds = EMBEDDING_SECONDS
        environment = {
            "INGEST_EMBEDDING_URL": model.url,
            "INGEST_EMBEDDING_MODEL": "slow",
            "INGEST_EMBEDDING_DIMENSIONS": str(DIMENSIONS),
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


def test_a_single_file_completes_within_seconds(busy_service: tuple[openai.OpenAI, str, str, list[str]]) -> None:
    client, large, batch, files = busy_service
    store = client.vector_stores.create(name="small")
    durations: list[float] = []

    for file in files[:5]:
        started = time.monotonic()
        attached = client.vector_stores.files.create_and_poll(file, vector_store_id=store.id, poll_interval_ms=50)
        durations.append(time.monotonic() - started)
        assert attached.status == "completed"

    assert max(durations) < SINGLE_SECONDS, durations
    assert client.vector_stores.file_batches.retrieve(batch, vector_store_id=large).status == "in_progress"


def test_two_batches_of_two_stores_progress_at_the_same_rate(
    busy_service: tuple[openai.OpenAI, str, str, list[str]],
) -> None:
    client, large, first, files = busy_service
    store = client.vector_stores.create(name="the other")

    second = client.vector_stores.file_batches.create(store.id, file_ids=files[-400:]).id
    wait_until(lambda: completed(client, store.id, second) >= 40, seconds=60, what="the second batch's start")
    before = completed(client, large, first), completed(client, store.id, second)
    wait_until(
        lambda: completed(client, store.id, second) >= before[1] + 100, seconds=60, what="progress of the second batch"
    )
    after = completed(client, large, first), completed(client, store.id, second)

    gained = after[0] - before[0], after[1] - before[1]
    assert gained[1] / 3 <= gained[0] <= gained[1] * 3, gained
    client.vector_stores.file_batches.cancel(second, vector_store_id=store.id)
