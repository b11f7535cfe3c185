"""Outages: while a dependency is down files wait without counting attempts, and continue soon after its recovery."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from ingest.blobs import raw_key
from ingest.db.models import StoreFile
from ingest.db.queue import outages as outage_rows
from ingest.db.queue.outages import FAILURES_TO_OPEN, LONGEST_RETRY_AFTER_SECONDS, PROBE_BACKOFF, OutageState
from ingest.errors import DependencyDown, InvalidFile
from ingest.jobs import outages, run
from ingest.jobs.maintenance import publish_waiting_files
from ingest.steps.embed.remote import RemoteEmbedder
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.embeddings import embedding_server
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import upload_text

FILES = 30


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with queued files."""
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, FILES))
    services.blobs.write(raw_key(rows.BLOB), rows.CONTENT)
    return store


def run_published_jobs(services: FakeServices) -> list[str]:
    """Run published jobs until nothing is published any more."""
    results: list[str] = []
    for _ in range(2 * FILES):
        services.feeder.top_up()
        messages = [message for lane in services.queue.lanes.values() for message in lane]
        for lane in services.queue.lanes.values():
            lane.clear()
        if not messages:
            return results
        results += [run.run_job(services, message.row, lease_holder="test/1").result for message in messages]
    raise AssertionError("The feeder publishes without end.")


def count_attempts(services: FakeServices) -> int:
    with services.database.reading() as session:
        return int(session.scalar(select(func.sum(StoreFile.attempts))) or 0)


def read_outage_state(services: FakeServices) -> OutageState:
    with services.database.reading() as session:
        return outage_rows.read_state(session)


def start_outage(services: FakeServices, dependency: str = "embedder", retry_after: float | None = None) -> None:
    services.embedder.error = DependencyDown(dependency, "no answer", retry_after_seconds=retry_after)


def test_an_outage_costs_few_attempts_however_many_files_wait(services: FakeServices, store: str) -> None:
    start_outage(services)

    assert run_published_jobs(services).count("deferred") == FAILURES_TO_OPEN
    assert count_attempts(services) == FAILURES_TO_OPEN
    assert read_outage_state(services) == OutageState(("embedder",), ("embedder",), is_probe_due=False)
    assert rows.read_counts(services.database, store) == (FILES, 0, 0, 0)


@pytest.mark.parametrize("dependency", ["embedder", "qdrant", "blobs"])
def test_each_dependency_has_its_own_breaker(services: FakeServices, store: str, dependency: str) -> None:
    start_outage(services, dependency)
    run_published_jobs(services)

    assert read_outage_state(services).down == (dependency,)


def test_during_an_outage_one_file_at_a_time_probes_the_dependency(
    services: FakeServices, store: str, clock: Clock
) -> None:
    start_outage(services)
    run_published_jobs(services)
    for tries in range(1, 11):
        clock.advance(PROBE_BACKOFF.longest_seconds)
        assert run_published_jobs(services).count("deferred") == 1
        assert count_attempts(services) == FAILURES_TO_OPEN + tries


def test_the_first_completed_file_makes_all_waiting_files_claimable(
    services: FakeServices, store: str, clock: Clock
) -> None:
    start_outage(services)
    run_published_jobs(services)
    for _ in range(5):
        clock.advance(PROBE_BACKOFF.longest_seconds)
        run_published_jobs(services)
    services.embedder.error = None

    clock.advance(PROBE_BACKOFF.longest_seconds)

    assert run_published_jobs(services) == ["completed"] * FILES
    assert read_outage_state(services) == OutageState()
    assert rows.read_counts(services.database, store) == (0, FILES, 0, 0)


def test_a_single_file_probes_at_the_usual_rate_after_many_failures(services: FakeServices, clock: Clock) -> None:
    store = rows.create_store(services.database)
    rows.attach(services.database, store, rows.create_files(services.database, 1))
    services.blobs.write(raw_key(rows.BLOB), rows.CONTENT)
    start_outage(services)
    for tries in range(1, 21):
        assert run_published_jobs(services) == ["deferred"], tries
        clock.advance(PROBE_BACKOFF.longest_seconds)
    services.embedder.error = None

    assert run_published_jobs(services) == ["completed"]


def test_messages_published_before_the_outage_cost_no_attempt_and_are_not_lost(
    services: FakeServices, store: str, clock: Clock
) -> None:
    services.feeder.top_up()
    messages = list(services.queue.lanes["bulk"])
    services.queue.lanes["bulk"].clear()
    start_outage(services)

    results = [run.run_job(services, message.row, lease_holder="test/1").result for message in messages]

    assert results == ["deferred"] * FAILURES_TO_OPEN + ["skipped"] * (FILES - FAILURES_TO_OPEN)
    services.embedder.error = None
    clock.advance(PROBE_BACKOFF.longest_seconds)
    assert run_published_jobs(services) == ["completed"] * FILES


def test_two_workers_do_not_probe_at_once(services: FakeServices, store: str, clock: Clock) -> None:
    start_outage(services)
    run_published_jobs(services)
    clock.advance(PROBE_BACKOFF.longest_seconds)
    with services.database.reading() as session:
        waiting = session.scalars(select(StoreFile.row).where(StoreFile.attempts == 0).limit(2)).all()

    assert outages.claim_file(services, waiting[0], lease_holder="test/1") is not None
    with pytest.raises(outages.ClaimRefused, match="embedder is down, and another worker probes it"):
        outages.claim_file(services, waiting[1], lease_holder="test/2")


def test_a_retry_after_header_postpones_the_probe_within_limits(
    services: FakeServices, store: str, clock: Clock
) -> None:
    start_outage(services, retry_after=3_600)
    run_published_jobs(services)

    clock.advance(LONGEST_RETRY_AFTER_SECONDS - 1)
    assert run_published_jobs(services) == []
    clock.advance(1)
    assert run_published_jobs(services) == ["deferred"]


def test_single_failures_between_successes_open_no_breaker(services: FakeServices, store: str, clock: Clock) -> None:
    calls = iter(range(10_000))

    def fail_every_other_call() -> None:
        services.embedder.error = DependencyDown("embedder", "busy") if next(calls) % 2 else None

    services.embedder.before_embedding = fail_every_other_call
    results = run_published_jobs(services)
    while rows.read_counts(services.database, store)[0]:
        clock.advance(LONGEST_RETRY_AFTER_SECONDS)
        results += run_published_jobs(services)

    assert "skipped" not in results
    assert rows.read_counts(services.database, store) == (0, FILES, 0, 0)


def test_a_file_that_fails_by_itself_does_not_end_the_outage(services: FakeServices, store: str, clock: Clock) -> None:
    start_outage(services)
    run_published_jobs(services)
    services.parser.error = InvalidFile("The file is broken.")
    clock.advance(PROBE_BACKOFF.longest_seconds)

    assert run_published_jobs(services) == ["failed"]
    assert read_outage_state(services).down == ("embedder",)


def test_a_text_that_the_embedder_cannot_process_fails_only_its_own_file(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    poisonous, *sound = (
        upload_text(services, text) for text in ("A stork and some nightshade.", "A heron.", "A crane.")
    )
    with embedding_server() as model:
        model.poison = "nightshade"
        settings = services.settings.model_copy(update={"embedding_url": model.url, "embedding_model": "letters"})
        services.embedder = RemoteEmbedder(settings, sleep=lambda _: None)  # type: ignore[assignment] # not the fake
        rows.attach(services.database, store, [poisonous, *sound])

        assert sorted(run_published_jobs(services)) == ["completed", "completed", "failed"]
        services.embedder.close()

    assert read_outage_state(services) == OutageState()
    view = members.retrieve(services, CALLER, store, poisonous)
    assert (view.status, view.error_code) == ("failed", "server_error")
    assert "fails at a part of the text" in str(view.error_message)
    assert count_attempts(services) == 3


def test_messages_lost_during_an_outage_are_published_after_it(
    services: FakeServices, store: str, clock: Clock
) -> None:
    services.feeder.top_up()
    services.queue.lanes["bulk"].clear()
    start_outage(services)
    clock.advance(PROBE_BACKOFF.longest_seconds)
    publish_waiting_files(services)
    services.embedder.error = None

    assert run_published_jobs(services) == ["completed"] * FILES


@pytest.mark.parametrize("attempt", [1, 2, 3, 6, 7, 50])
def test_the_retry_pause_doubles_up_to_a_minute_with_jitter(services: FakeServices, attempt: int) -> None:
    """Transition T6. Jitter spreads pauses over the upper half, so that files that failed together retry apart."""
    store = rows.create_store(services.database)
    [row] = rows.attach(services.database, store, rows.create_files(services.database, 1))
    claim = replace(rows.claim(services.database, row), attempt=attempt)

    pauses = []
    with services.database.transaction() as session:
        for _ in range(50):
            savepoint = session.begin_nested()
            pauses.append(outages.defer(session, claim, DependencyDown("database", "no answer")))
            savepoint.rollback()

    longest = min(60.0, 2.0 ** (attempt - 1))
    assert all(longest / 2 <= pause <= longest for pause in pauses)
    assert len(set(pauses)) > 40


def test_a_dependency_with_a_retry_after_is_not_asked_earlier(services: FakeServices, clock: Clock) -> None:
    """Transition T6."""
    store = rows.create_store(services.database)
    [row] = rows.attach(services.database, store, rows.create_files(services.database, 1))
    claim = rows.claim(services.database, row)

    with services.database.transaction() as session:
        error = DependencyDown("embedder", "busy", retry_after_seconds=40)
        assert outages.defer(session, claim, error) == 40

    clock.advance(39)
    assert rows.try_claim(services.database, row) is None
    clock.advance(1)
    assert rows.claim(services.database, row).attempt == 2
