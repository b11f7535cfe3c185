"""Measure scale-out: files/s with one and with two single-process worker groups, on one Postgres, one broker, one
vectors server and two APIs. The local model keeps each worker process busy on exactly one core."""

import itertools
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai

from tests.bench.corpus import Document
from tests.deploy.running import Deployment, deployed
from tests.servers import postgres

UPLOAD_THREADS = 4
MAX_SECONDS = 900.0
POLL_SECONDS = 0.1


def files_per_second(folder: Path, groups: int, warm: Sequence[Document], documents: Sequence[Document]) -> float:
    """Return files/s of a batch, after a warm-up batch of other documents."""
    workers = {f"group-{number}": "interactive,maintenance,bulk" for number in range(groups)}
    settings = {"INGEST_EMBEDDING_URL": "", "INGEST_REQUIRE_KEYS": "false"}
    with postgres() as database, deployed(folder, database, workers, settings) as deployment:
        _seconds(deployment, warm)
        return len(documents) / _seconds(deployment, documents)


def _seconds(deployment: Deployment, documents: Sequence[Document]) -> float:
    clients = [openai.OpenAI(base_url=f"{api}/v1", api_key="none") for api in deployment.apis]

    def upload(client: openai.OpenAI, document: Document) -> str:
        sent = (document.path.name, document.path.read_bytes())
        return client.files.create(file=sent, purpose="assistants").id

    with ThreadPoolExecutor(UPLOAD_THREADS) as threads:
        ids = list(threads.map(upload, itertools.cycle(clients), documents))
    first, second = clients
    store = first.vector_stores.create(name="scaling").id
    started = time.perf_counter()
    batch = first.vector_stores.file_batches.create(store, file_ids=ids)
    while batch.status == "in_progress":
        assert time.perf_counter() - started < MAX_SECONDS, "the import does not end"
        time.sleep(POLL_SECONDS)
        batch = second.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store)
    seconds = time.perf_counter() - started
    assert batch.file_counts.completed == len(documents), batch.file_counts
    for client in clients:
        client.close()
    return seconds
