"""Why a file or a batch waits, on both databases, and that it costs little to ask."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from ingest.db.content import batches as batch_rows
from ingest.db.models import FileBatch
from ingest.db.queue import outages, workers
from ingest.db.queue.outages import FAILURES_TO_OPEN
from ingest.errors import DependencyDown
from ingest.health import checks, waits
from ingest.health.reasons import Wait
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

FILES = 3


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every question read the database and the broker again."""
    monkeypatch.setattr(checks, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(checks, "LATEST_WAIT_SECONDS", 20.0)
    for name in ("CACHE_SECONDS", "MODELS_SECONDS"):
        monkeypatch.setattr(waits, name, -1.0)


@pytest.fixture
def store(services: FakeServices) -> str:
    rows.record_worker(services.database)
    return rows.create_store(services.database)


@pytest.fixture
def batch(services: FakeServices, store: str, clock: Clock) -> Callable[[], FileBatch]:
    """A function that reads a batch of three files, created now."""
    created_at = int(clock.seconds)
    batch_id = rows.attach_batch(services.database, store, rows.create_files(services.database, FILES))

    def read() -> FileBatch:
        with services.database.reading() as session:
            found = batch_rows.get_batch(session, store, batch_id)
        assert found is not None
        found.created_at = created_at
        return found

    return read


def fail_embedder(services: FakeServices) -> None:
    with services.database.transaction() as session:
        for _ in range(FAILURES_TO_OPEN):
            outages.record_failure(session, "embedder", None, reason="Connection refused", model="m")


def wait_of_file(services: FakeServices, store: str, file_id: str) -> Wait | None:
    return services.waits.of_file(members.retrieve(services, CALLER, store, file_id), counts_queue=True)


def test_a_batch_waits_for_an_embedder_that_is_down_until_a_file_completes(
    services: FakeServices, batch: Callable[[], FileBatch], clock: Clock
) -> None:
    began = clock.seconds
    fail_embedder(services)

    wait = services.waits.of_batch(batch())

    assert wait is not None
    assert wait.text.startswith("embedder: connection refused, since")
    assert wait.since == began
    with services.database.transaction() as session:
        outages.end_outages(session)
    assert services.waits.of_batch(batch()) is None


def test_a_batch_waits_for_workers_when_all_of_them_have_stopped(
    services: FakeServices, batch: Callable[[], FileBatch]
) -> None:
    with services.database.transaction() as session:
        workers.record_stop(session, rows.HOLDER)

    wait = services.waits.of_batch(batch())

    assert wait is not None
    assert wait.dependency == "workers"
    rows.record_worker(services.database)
    assert services.waits.of_batch(batch()) is None


def test_a_batch_waits_for_the_broker(services: FakeServices, batch: Callable[[], FileBatch]) -> None:
    services.queue.is_down = True

    wait = services.waits.of_batch(batch())

    assert wait is not None
    assert wait.dependency == "broker"
    services.queue.is_down = False
    assert services.waits.of_batch(batch()) is None


def test_a_batch_waits_for_its_turn_beside_others(
    services: FakeServices, store: str, batch: Callable[[], FileBatch], clock: Clock
) -> None:
    rows.attach_batch(services.database, store, rows.create_files(services.database, 1))
    assert services.waits.of_batch(batch()) is None
    clock.advance(60)

    wait = services.waits.of_batch(batch())

    assert wait is not None
    assert (wait.dependency, wait.reason) == ("queue", "it shares the workers with 1 other batch")


@pytest.mark.parametrize("dependency", ["qdrant", "blobs"])
def test_a_file_waits_for_the_dependency_at_which_its_job_failed(services: FakeServices, dependency: str) -> None:
    rows.record_worker(services.database)
    store, [file] = attach_texts(services, "A heron stands in the water.")
    services.embedder.error = DependencyDown(dependency, "no space left on http://user:pass@10.0.0.1/ for it")
    run_published_jobs(services)

    wait = wait_of_file(services, store, file)

    assert wait is not None
    assert (wait.dependency, wait.reason) == (dependency, "no space left")
    assert wait.next_try is not None
    with services.database.reading() as session:
        [recorded] = outages.list_outages(session)
    assert (recorded.reason, recorded.is_down) == ("no space left on http://10.0.0.1/ for it", False)


def test_an_outage_of_an_embedder_has_the_model(services: FakeServices) -> None:
    attach_texts(services, "A heron stands in the water.")
    services.embedder.error = DependencyDown("embedder", "answered 503")
    run_published_jobs(services)

    with services.database.reading() as session:
        assert [each.model for each in outages.list_outages(session)] == [services.settings.default_model]


def test_a_queued_file_says_how_many_are_before_it(services: FakeServices, store: str, clock: Clock) -> None:
    files = rows.create_files(services.database, FILES)
    rows.attach(services.database, store, files)
    assert wait_of_file(services, store, files[2]) is None
    clock.advance(60)

    texts = [wait.text if (wait := wait_of_file(services, store, file)) else "" for file in files]

    assert [text.partition(",")[0] for text in texts] == [
        "queue: it is next", "queue: 1 file before it", "queue: 2 files before it"
    ]  # fmt: skip


def test_a_running_file_waits_for_nothing_until_its_worker_is_lost(
    services: FakeServices, store: str, clock: Clock
) -> None:
    files = rows.create_files(services.database, 1)
    [row] = rows.attach(services.database, store, files)
    rows.claim(services.database, row)
    assert wait_of_file(services, store, files[0]) is None
    with services.database.transaction() as session:
        workers.record_stop(session, rows.HOLDER)
    rows.record_worker(services.database, worker_id="other/2")

    wait = wait_of_file(services, store, files[0])

    assert wait is not None
    assert (wait.dependency, wait.next_try) == ("lease", clock.seconds + 30)


def test_files_of_a_store_whose_model_is_not_configured_wait_for_the_operator(
    services: FakeServices, store: str, batch: Callable[[], FileBatch]
) -> None:
    file = rows.create_files(services.database, 1)
    rows.attach(services.database, store, file)
    services.settings.__dict__["models"] = {}

    for wait in (services.waits.of_batch(batch()), wait_of_file(services, store, file[0])):
        assert wait is not None
        assert wait.dependency == "embedding model"


def test_an_ended_batch_and_its_files_wait_for_nothing(services: FakeServices) -> None:
    store, [file] = attach_texts(services, "A heron.")
    run_published_jobs(services)

    assert wait_of_file(services, store, file) is None


def test_polling_a_batch_costs_no_statement_more_for_a_second(
    services: FakeServices, batch: Callable[[], FileBatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CACHE_SECONDS", "MODELS_SECONDS"):
        monkeypatch.setattr(waits, name, 3600.0)
    current = batch()
    services.waits.of_batch(current)
    statements: list[str] = []
    event.listen(services.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    for _ in range(20):
        services.waits.of_batch(current)

    assert statements == []


def test_files_are_counted_by_what_they_wait_for(services: FakeServices, batch: Callable[[], FileBatch]) -> None:
    counts = services.waits.count()

    assert (counts.queued, counts.running, counts.slow) == (FILES, 0, 0)
    assert counts.waiting_for(f"embedder {services.settings.default_model}") == FILES
    assert (counts.waiting_for("qdrant"), counts.waiting_for("reranker")) == (FILES, 0)
