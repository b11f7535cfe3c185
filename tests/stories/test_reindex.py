"""During a re-index with any outcome, search returns every file exactly once."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai

from tests.bench import stub
from tests.servers import wait_until
from tests.stories.running import Service, running
from tests.stories.test_crashes import SHORT_TIMEOUTS, find_process, import_files, verify, wait_for

FILES = 40


class SearchMonitor:
    """Searches repeatedly; `violations` has the files that were missing or returned more than once."""

    def __init__(self, service: Service, store: str) -> None:
        self.searches = 0
        self.violations: list[str] = []
        self._client = service.client(max_retries=8)
        self._store = store
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._search_repeatedly, daemon=True)

    @contextmanager
    def running_searches(self) -> Iterator[None]:
        """Search in a thread until the context ends."""
        self._thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            self._thread.join(30)

    def _search_repeatedly(self) -> None:
        while not self._stopped.is_set():
            marker = f"marker{self.searches % FILES:04d}"
            found = self._client.vector_stores.search(self._store, query=marker, max_num_results=50).data
            times = sum(marker in part.text for passage in found for part in passage.content)
            if times != 1:
                self.violations.append(f"{marker} was found {times} times")
            self.searches += 1


def reindex(client: openai.OpenAI, store: str, tokens: int) -> str:
    """Start a re-index with other chunk sizes and return the id of its batch."""
    sizes = {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": 0}
    body = {"chunking_strategy": {"type": "static", "static": sizes}}
    batch: str = client.post(f"/vector_stores/{store}/reindex", cast_to=dict[str, Any], body=body)["id"]
    return batch


def test_a_store_stays_searchable_during_a_reindex_a_crash_and_a_cancel(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", environment=SHORT_TIMEOUTS) as service:
        client = service.client(max_retries=8)
        store, imported = import_files(client, FILES, words_each=400)
        wait_for(client, store, imported, completed=FILES)
        monitor = SearchMonitor(service, store)
        with monitor.running_searches():
            wait_for(client, store, reindex(client, store, 100), completed=FILES)

            batch = reindex(client, store, 200)
            wait_for(client, store, batch, completed=5)
            for child in find_process(service, "workers.app worker").children():
                child.kill()
            wait_for(client, store, batch, completed=FILES)

            batch = reindex(client, store, 300)
            wait_for(client, store, batch, completed=5)
            cancelled = client.vector_stores.file_batches.cancel(batch, vector_store_id=store)
            assert cancelled.file_counts.cancelled > 0
            searches = monitor.searches
            wait_until(lambda: monitor.searches > searches + FILES, seconds=60, what="another search for every file")

        assert monitor.violations == []
        assert client.vector_stores.retrieve(store).file_counts.completed == FILES
        files = [file.model_dump() for file in client.vector_stores.files.list(store)]
        tokens = [file["chunking_strategy"]["static"]["max_chunk_size_tokens"] for file in files]
        assert tokens.count(300) == cancelled.file_counts.completed
        assert tokens.count(200) == FILES - tokens.count(300)
        wait_until(lambda: verify(service.data) == [], seconds=60, what="a verification without findings")


def read_model_state(client: openai.OpenAI, store: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/vector_stores/{store}/reindex", cast_to=dict[str, Any])
    return found


def wait_for_model(client: openai.OpenAI, store: str, model: str) -> None:
    def is_migrated() -> bool:
        found = read_model_state(client, store)
        return (found["model"], found["other_state"]) == (model, "kept")

    wait_until(is_migrated, seconds=90, what=f"the migration to {model}")


def test_a_store_stays_searchable_during_a_model_migration_and_its_rollback(tmp_path: Path) -> None:
    with stub.running(tmp_path, latency_ms=20, dimensions=64) as url:
        remote = [{"model": "remote", "url": url, "context_tokens": 8191}]
        environment = {**SHORT_TIMEOUTS, "INGEST_EMBEDDING_MODELS": json.dumps(remote)}
        with running(tmp_path / "data", "--workers", "2", environment=environment) as service:
            client = service.client(max_retries=8)
            store, imported = import_files(client, FILES, words_each=400)
            wait_for(client, store, imported, completed=FILES)
            monitor = SearchMonitor(service, store)
            path = f"/vector_stores/{store}/reindex"
            with monitor.running_searches():
                batch = client.post(path, cast_to=dict[str, Any], body={"model": "remote"})["id"]
                wait_for(client, store, batch, completed=5)
                assert read_model_state(client, store)["other_state"] == "staging"
                for child in find_process(service, "workers.app worker").children():
                    child.kill()
                late_file = client.files.create(file=("late.txt", b"A newt that came late."), purpose="assistants").id
                client.vector_stores.files.create_and_poll(late_file, vector_store_id=store)
                wait_for(client, store, batch, completed=FILES)
                wait_for_model(client, store, "remote")

                client.post(f"{path}/rollback", cast_to=dict[str, Any])
                wait_for_model(client, store, "all-MiniLM-L6-v2")
                client.post(f"{path}/purge", cast_to=dict[str, Any])
                wait_until(lambda: read_model_state(client, store)["other_model"] is None, seconds=60, what="the purge")

                batch = client.post(path, cast_to=dict[str, Any], body={"model": "remote", "now": True})["id"]
                wait_for(client, store, batch, completed=FILES + 1)
                wait_for_model(client, store, "remote")
                searches = monitor.searches
                wait_until(
                    lambda: monitor.searches > searches + FILES, seconds=60, what="another search for every file"
                )

            assert monitor.violations == []
            [found] = client.vector_stores.search(store, query="newt", max_num_results=1).data
            assert found.file_id == late_file
            wait_until(lambda: verify(service.data) == [], seconds=60, what="a verification without findings")
