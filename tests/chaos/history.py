"""What was seen of every file and batch while the service was under fire, and what must never be seen."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import openai
import psycopg

from tests.chaos.cluster import Cluster

TERMINAL = frozenset({"completed", "failed", "cancelled"})
PAUSE_SECONDS = 0.3


@dataclass
class History:
    """Looks again and again, at the rows themselves and through the API, as far as either can be reached.

    `wrong` is what contradicts itself: an end that changed, a batch whose total changed or whose ends became fewer.
    """

    cluster: Cluster
    seen: list[tuple[float, str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    looks: Counter[str] = field(default_factory=Counter)
    batches: dict[str, str] = field(default_factory=dict)
    """Batches to be watched, and their stores."""
    _files: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, dict[str, int]] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Look from two threads, as one may wait for an API that is away while the other sees the rows."""
        for look in (self._rows, self._api):
            threading.Thread(target=self._keep, args=(look,), name="history", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()

    def _keep(self, look: Any) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                look()
            except (psycopg.Error, openai.APIError):
                self.looks["in vain"] += 1

    def _rows(self) -> None:
        with psycopg.connect(self.cluster.postgres_url, autocommit=True, connect_timeout=2) as connection:
            rows = connection.execute("SELECT vector_store_id || ' ' || file_id, status FROM store_files").fetchall()
        self.looks["at the rows"] += 1
        for file, status in rows:
            self._note(file, status)

    def _note(self, file: str, status: str) -> None:
        before = self._files.get(file)
        if before == status:
            return
        self._files[file] = status
        self.seen.append((round(time.monotonic() - self._started, 2), file, status))
        if before in TERMINAL:
            self.wrong.append(f"{file} was {before} and then {status}")

    def _api(self) -> None:
        with self.cluster.client(retries=0) as client:
            for batch, store in list(self.batches.items()):
                shown = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store)
                self.looks["through the API"] += 1
                counts = shown.file_counts.model_dump()
                before = self._counts.setdefault(batch, counts)
                if counts["total"] != before["total"] or any(counts[end] < before[end] for end in TERMINAL):
                    self.wrong.append(f"{batch} counted {before} and then {counts}")
                self._counts[batch] = counts
