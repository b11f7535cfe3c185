"""Process chaos: real Celery, Valkey, Postgres and vectors process are killed, frozen, partitioned and flushed while
thousands of files are imported. N files in, N correct outcomes out.

CHAOS_SEEDS and CHAOS_FILES in the environment change seeds and size (`make chaos`).
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import openai
import psycopg
import pytest

from tests.chaos.cluster import LAST_PURGE_SECONDS, Cluster, cluster
from tests.chaos.faults import FAULTS_UNDER_LOAD, Faults
from tests.chaos.history import StatusHistory
from tests.servers import wait_until

pytestmark = [pytest.mark.services, pytest.mark.timeout(900)]

SEEDS = [int(seed) for seed in os.environ.get("CHAOS_SEEDS", "1").split()]
FILES = int(os.environ.get("CHAOS_FILES", "900"))
STORES = 6
"""Number of stores; every uploaded file is attached to each of them."""

FAULT_SECONDS = 25.0
MAX_SECONDS_WITHOUT_PROGRESS = 60.0
"""The test fails when no file finishes for this many seconds."""

RETRY_SECONDS = 60.0

BROKEN = {"broken.pdf": b"%PDF-1.7 and then nothing that a PDF has", "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(64)}
REASONS = {"broken.pdf": "invalid_file", "picture.png": "unsupported_file"}

T = TypeVar("T")


def retry_request(send: Callable[[], T]) -> T:
    """Send a request again until it succeeds, for RETRY_SECONDS at most."""
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            return send()
        except openai.APIError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def upload(client: openai.OpenAI, name: str, content: bytes) -> str:
    return retry_request(lambda: client.files.create(file=(name, content), purpose="assistants").id)


def create_batch(service: Cluster, store: str, ids: list[str]) -> str:
    with service.client(retries=0) as client:
        return retry_request(lambda: client.vector_stores.file_batches.create(store, file_ids=ids).id)


def query(service: Cluster, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(service.postgres_url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def run_verify(service: Cluster) -> dict[str, Any]:
    """Return the findings of `ingest verify`, run as a process."""
    command = [str(Path(sys.executable).with_name("ingest")), "verify", "--data", str(service.folder), "--json"]
    done = subprocess.run(command, env=service.environment, capture_output=True, text=True, timeout=100)
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if report["findings"] else 0)
    return report


def in_progress(service: Cluster) -> int:
    while True:
        with suppress(psycopg.OperationalError):  # the faults also cut its connections
            return len(query(service, "SELECT 1 FROM store_files WHERE status IN ('queued', 'running')"))


def wait_until_all_ended(service: Cluster, faults: Faults) -> None:
    """Wait until no file is in progress, and inject faults meanwhile. Fail when their number stops decreasing."""
    left, since = sys.maxsize, time.monotonic()
    faults_left = list(FAULTS_UNDER_LOAD)
    step = in_progress(service) // (len(faults_left) + 1)
    while now := in_progress(service):
        faults.revert_due()
        if now < left:
            left, since = now, time.monotonic()
        if faults_left and left < step * len(faults_left):
            faults.inject(faults_left.pop())
        assert time.monotonic() - since < MAX_SECONDS_WITHOUT_PROGRESS, f"no progress, {left} files are left"
        time.sleep(0.2)


def assert_points_are_exact(service: Cluster) -> dict[str, Any]:
    """Wait for the last purge, and check that exactly the expected points exist."""
    wait_until(
        lambda: not query(service, "SELECT 1 FROM point_jobs LIMIT 1"),
        seconds=4 * LAST_PURGE_SECONDS, what="the last purge",
    )  # fmt: skip
    report = run_verify(service)
    assert report["findings"] == []
    [(live,)] = query(service, "SELECT coalesce(sum(chunks), 0) FROM vector_stores WHERE deleted_at IS NULL")
    assert report["points"] == live
    return report


@pytest.mark.parametrize("seed", SEEDS)
def test_every_file_reaches_its_outcome_exactly_once_under_random_faults(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    generator = random.Random(seed)
    with cluster(tmp_path) as service:
        history, faults = StatusHistory(service), Faults(service, generator)
        try:
            _import_during_faults(service, history, faults)
        except BaseException:
            print(f"seed, faults and history: {tmp_path / 'record.json'}", *faults.log, service.logs(), sep="\n")
            raise
        finally:
            history.stop()
            record = {"seed": seed, "violations": history.violations, "faults": faults.log, "history": history.seen}
            (tmp_path / "record.json").write_text(json.dumps(record, indent=0))


def _import_during_faults(service: Cluster, history: StatusHistory, faults: Faults) -> None:
    with service.client() as client:
        good = [upload(client, f"{n}.txt", f"Entry {n}: marker{n:05d}.".encode()) for n in range(FILES // STORES)]
        bad = {upload(client, name, content): name for name, content in BROKEN.items()}
        stores = [client.vector_stores.create(name=f"chaos {n}").id for n in range(STORES)]
    *first, killed, last = stores
    history.start()

    def create(store: str, ids: list[str]) -> None:
        history.batches[create_batch(service, store, ids)] = store

    def create_while_the_api_is_killed() -> None:
        request = threading.Thread(target=create, args=(killed, good))
        request.start()
        time.sleep(faults.random.uniform(0.0, 0.2))
        service.signal("api", signal.SIGKILL)
        request.join()

    for store in first:
        create(store, [*good, *bad])
    later = threading.Thread(target=create, args=(last, good))
    faults.run(FAULT_SECONDS, {
        "the API is killed in the middle of a batch create": create_while_the_api_is_killed,
        "another batch is created": later.start,
    })  # fmt: skip
    later.join()

    started = time.monotonic()
    wait_until_all_ended(service, faults)
    drain_seconds = time.monotonic() - started
    history.stop()

    ends = Counter(query(service, "SELECT status, coalesce(error_code, '') FROM store_files"))
    wanted = Counter({("completed", ""): STORES * len(good)})
    wanted.update({("failed", REASONS[name]): len(first) for name in bad.values()})
    assert ends == wanted
    failed = {row[0] for row in query(service, "SELECT file_id FROM store_files WHERE status = 'failed'")}
    assert failed == set(bad)
    assert history.violations == []
    with service.client(retries=5) as client:
        for batch, store in history.batches.items():
            counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
            assert (counts.in_progress, counts.completed, counts.cancelled) == (0, len(good), 0)
        found = client.vector_stores.search(last, query="marker00007").data
        assert sum(passage.filename == "7.txt" for passage in found) == 1
    report = assert_points_are_exact(service)
    assert report["points"] == STORES * len(good)
    attempts = dict(query(service, "SELECT attempts, count(*) FROM store_files GROUP BY 1 ORDER BY 1"))
    restarts = {name: part.starts for name, part in service.parts.items()}
    print(f"{sum(ends.values())} files, all ended {drain_seconds:.0f} s after the last fault; attempts {attempts}")
    print(f"starts {restarts}; polls {dict(history.polls)}; {len(history.seen)} changes seen")
    print(*faults.log, sep="\n")


def long_batch(service: Cluster, count: int) -> tuple[str, str]:
    """Create a batch whose files take minutes each because the embedder is slow; return its store and its id."""
    with service.client() as client:
        text = " ".join(f"word{n} heron" for n in range(20_000)).encode()
        ids = [upload(client, f"{n}.txt", text + str(n).encode()) for n in range(count)]
        store = client.vector_stores.create(name="long").id
        static = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}}
        service.embeddings.behaviour = "slow"
        batch = client.vector_stores.file_batches.create(store, file_ids=ids, chunking_strategy=static)  # type: ignore[arg-type]  # a plain dict
    running = "SELECT 1 FROM store_files WHERE status = 'running'"
    wait_until(lambda: len(query(service, running)) == 2, seconds=60, what="two running files")
    asked = service.embeddings.requests
    wait_until(lambda: service.embeddings.requests > asked + 3, seconds=60, what="more embedding requests")
    return store, batch.id


def test_a_cancelled_batch_stops_its_parsers_and_is_never_searched(tmp_path: Path) -> None:
    with cluster(tmp_path) as service, service.client(retries=5) as client:
        store, batch = long_batch(service, 40)

        started = time.monotonic()
        cancelled = client.vector_stores.file_batches.cancel(batch, vector_store_id=store)

        assert time.monotonic() - started < 5
        assert (cancelled.status, cancelled.file_counts.in_progress) == ("cancelled", 0)
        service.kill_and_hold("valkey", 1.0)  # cancel works without a broker
        wait_until(lambda: _idle(service), seconds=10, what="the end of all work on the batch")
        assert client.vector_stores.search(store, query="heron").data == []
        service.embeddings.behaviour = "answer"
        counts = client.vector_stores.retrieve(store).file_counts
        assert (counts.in_progress, counts.completed, counts.cancelled) == (0, 0, 40)
        assert assert_points_are_exact(service)["points"] == 0


def _idle(service: Cluster) -> bool:
    """Return whether no file is claimed and no embedding request is in flight."""
    if query(service, "SELECT 1 FROM store_files WHERE status IN ('queued', 'running')"):
        return False
    asked = service.embeddings.requests
    time.sleep(1.5)
    return service.embeddings.requests == asked


def test_a_worker_stopped_under_load_releases_its_files_and_counts_no_crash(tmp_path: Path) -> None:
    with cluster(tmp_path) as service:
        long_batch(service, 4)
        worker = service.process("worker")
        service.parts["worker"].not_before = float("inf")

        started = time.monotonic()
        worker.terminate()
        wait_until(
            lambda: not worker.is_running() or worker.status() == "zombie", seconds=15, what="the end of the worker"
        )

        assert time.monotonic() - started < 15
        rows = query(service, "SELECT status, crashes FROM store_files")
        assert {status for status, _ in rows} <= {"queued", "completed"}
        assert [crashes for _, crashes in rows] == [0] * 4
        service.embeddings.behaviour = "answer"
        service.parts["worker"].not_before = 0.0
        completed = "SELECT 1 FROM store_files WHERE status = 'completed' AND crashes = 0"
        wait_until(lambda: len(query(service, completed)) == 4, seconds=90, what="the completion of all four files")
        assert_points_are_exact(service)
