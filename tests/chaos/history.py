"""Record every observed state of files and batches during faults, and check that no forbidden change is ever observed."""

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
class StatusHistory:
    """Polls the rows and the API, as far as either can be reached.

    `violations` collects contradictions: a terminal status that changed, a batch whose total changed or whose finished
    count decreased.
    """

    cluster: Cluster
    seen: list[tuple[float, str, str]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    polls: Counter[str] = field(default_factory=Counter)
    batches: dict[str, str] = field(default_factory=dict)
    """Stores by batch: the batches to poll. Tests add to it."""
    _files: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, dict[str, int]] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Poll from two threads: one may wait for an API that is down while the other reads the rows."""
        for read in (self._poll_rows, self._poll_api):
            threading.Thread(target=self._poll, args=(read,), name="history", daemon=True).start()

    def stop(self) -> None:
        """Stop polling."""
        self._stopped.set()

    def _poll(self, read: Any) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            try:
                read()
            except (psycopg.Error, openai.APIError):
                self.polls["failed"] += 1

    def _poll_rows(self) -> None:
        with psycopg.connect(self.cluster.postgres_url, autocommit=True, connect_timeout=2) as connection:
            rows = connection.execute("SELECT vector_store_id || ' ' || file_id, status FROM store_files").fetchall()
        self.polls["rows"] += 1
        for file, status in rows:
            self._record(file, status)

    def _record(self, file: str, status: str) -> None:
        before = self._files.get(file)
        if before == status:
            return
        self._files[file] = status
        self.seen.append((round(time.monotonic() - self._started, 2), file, status))
        if before in TERMINAL:
            self.violations.append(f"{file} was {before} and then {status}")

    def _poll_api(self) -> None:
        with self.cluster.client(retries=0) as client:
            for batch, store in list(self.batches.items()):
                shown = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store)
                self.polls["api"] += 1
                counts = shown.file_counts.model_dump()
                before = self._counts.setdefault(batch, counts)
                if counts["total"] != before["total"] or any(counts[end] < before[end] for end in TERMINAL):
                    self.violations.append(f"{batch} counted {before} and then {counts}")
                self._counts[batch] = counts
