"""Measure one import through the API: files/s, CPU by process group, memory, and request latency meanwhile."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.corpus import Document
from tests.bench.service import Service

SAMPLE_SECONDS = 1.0
POLL_SECONDS = 0.1
MAX_SECONDS = 3 * 3600.0
IDLE_REQUESTS = 50


@dataclass(frozen=True)
class Sample:
    """One sample of a running import."""

    seconds: float
    completed: int
    cpu_seconds: dict[str, float]
    rss_bytes: dict[str, int]


@dataclass(frozen=True)
class Import:
    """The measurements; latencies are medians in seconds."""

    files: int
    upload_seconds: float
    seconds: float
    samples: list[Sample]
    broker_bytes: int
    get_busy: float
    get_idle: float
    search_busy: float
    search_idle: float
    store: str
    batch: str

    @property
    def files_per_second(self) -> float:
        return self.files / self.seconds

    def cpu_ms_per_file(self, first: int, last: int) -> dict[str, float]:
        """Return CPU milliseconds per file of each process group, between the samples at two numbers of files."""
        start = next(s for s in self.samples if s.completed >= first)
        end = next(s for s in self.samples if s.completed >= last)
        files = max(1, end.completed - start.completed)
        return {
            part: (end.cpu_seconds.get(part, 0.0) - start.cpu_seconds[part]) * 1000 / files
            for part in start.cpu_seconds
        }


def run(service: Service, documents: Sequence[Document]) -> Import:
    """Upload, import as one batch, and measure again when the service is idle. Raises AssertionError if a file fails."""
    started = time.perf_counter()
    ids = service.upload([document.path for document in documents])
    upload_seconds = time.perf_counter() - started
    store = service.client.vector_stores.create(name="bench").id
    samples: list[Sample] = []
    gets: list[float] = []
    searches: list[float] = []
    broker = 0
    started = time.perf_counter()
    batch = service.client.vector_stores.file_batches.create(store, file_ids=ids)
    while batch.status == "in_progress":
        now = time.perf_counter()
        assert now - started < MAX_SECONDS, "the import does not end"
        if not samples or now - started - samples[-1].seconds >= SAMPLE_SECONDS:
            samples.append(_sample(service, now - started, batch.file_counts.completed))
            broker = max(broker, service.broker_bytes())
            searches.append(_search_seconds(service, store, documents[len(searches) % len(documents)]))
        time.sleep(POLL_SECONDS)
        asked = time.perf_counter()
        batch = service.client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store)
        gets.append(time.perf_counter() - asked)
    seconds = time.perf_counter() - started
    samples.append(_sample(service, seconds, batch.file_counts.completed))
    assert batch.file_counts.completed == len(documents), batch.file_counts
    return Import(
        files=len(documents),
        upload_seconds=upload_seconds,
        seconds=seconds,
        samples=samples,
        broker_bytes=broker,
        get_busy=statistics.median(gets),
        get_idle=get_seconds(service, store, batch.id),
        search_busy=statistics.median(searches),
        search_idle=statistics.median(_search_seconds(service, store, d) for d in documents[:IDLE_REQUESTS]),
        store=store,
        batch=batch.id,
    )


def get_seconds(service: Service, store: str, batch: str) -> float:
    """Return the median duration of a GET of a batch, in seconds."""
    taken = []
    for _ in range(IDLE_REQUESTS):
        time.sleep(POLL_SECONDS / 10)
        started = time.perf_counter()
        service.client.vector_stores.file_batches.retrieve(batch, vector_store_id=store)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _search_seconds(service: Service, store: str, document: Document) -> float:
    started = time.perf_counter()
    service.client.vector_stores.search(store, query=document.sentence)
    return time.perf_counter() - started


def _sample(service: Service, seconds: float, completed: int) -> Sample:
    use = service.use()
    return Sample(
        seconds=seconds,
        completed=completed,
        cpu_seconds={part: used.cpu_seconds for part, used in use.items()},
        rss_bytes={part: used.rss_bytes for part, used in use.items()},
    )
