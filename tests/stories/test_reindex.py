"""A store is found as a whole, and nothing twice, while it is indexed anew: whatever becomes of that."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai

from tests.servers import wait_until
from tests.stories.running import Service, running
from tests.stories.test_crashes import QUICK, import_files, part, verify, wait_for

FILES = 40


class Looker:
    """Searches again and again; `wrong` is what was found not at all, or more than once."""

    def __init__(self, service: Service, store: str) -> None:
        self.looks = 0
        self.wrong: list[str] = []
        self._client = service.client(max_retries=8)
        self._store = store
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Search meanwhile."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join(30)

    def _look(self) -> None:
        while not self._ended.is_set():
            marker = f"marker{self.looks % FILES:04d}"
            found = self._client.vector_stores.search(self._store, query=marker, max_num_results=50).data
            times = sum(marker in part.text for passage in found for part in passage.content)
            if times != 1:
                self.wrong.append(f"{marker} was found {times} times")
            self.looks += 1


def reindex(client: openai.OpenAI, store: str, tokens: int) -> str:
    """The id of the batch."""
    sizes = {"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": 0}
    body = {"chunking_strategy": {"type": "static", "static": sizes}}
    batch: str = client.post(f"/vector_stores/{store}/reindex", cast_to=dict[str, Any], body=body)["id"]
    return batch


def test_a_store_is_found_throughout_a_reindex_a_killed_worker_and_a_cancel(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", environment=QUICK) as service:
        client = service.client(max_retries=8)
        store, imported = import_files(client, FILES)
        wait_for(client, store, imported, completed=FILES)
        looker = Looker(service, store)
        with looker.looking():
            wait_for(client, store, reindex(client, store, 100), completed=FILES)

            batch = reindex(client, store, 200)
            wait_for(client, store, batch, completed=5)
            for child in part(service, "workers.app worker").children():
                child.kill()
            wait_for(client, store, batch, completed=FILES)

            batch = reindex(client, store, 300)
            wait_for(client, store, batch, completed=5)
            cancelled = client.vector_stores.file_batches.cancel(batch, vector_store_id=store)
            assert cancelled.file_counts.cancelled > 0
            looks = looker.looks
            wait_until(lambda: looker.looks > looks + FILES, seconds=60, what="another look at every file")

        assert looker.wrong == []
        assert client.vector_stores.retrieve(store).file_counts.completed == FILES
        files = [file.model_dump() for file in client.vector_stores.files.list(store)]
        tokens = [file["chunking_strategy"]["static"]["max_chunk_size_tokens"] for file in files]
        assert tokens.count(300) == cancelled.file_counts.completed
        assert tokens.count(200) == FILES - tokens.count(300)
        wait_until(lambda: verify(service.data) == [], seconds=60, what="everything to agree")
