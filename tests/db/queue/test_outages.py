"""The shared circuit breakers, on both databases."""

from ingest.db.queue import claims, outages
from ingest.db.queue.outages import FAILURES_TO_OPEN, LONGEST_RETRY_AFTER_SECONDS, PROBE_BACKOFF, OutageState
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows


def fail(database: Database, times: int, retry_after_seconds: float | None = None) -> int:
    failures = 0
    for _ in range(times):
        with database.transaction() as session:
            failures = outages.record_failure(session, "embedder", retry_after_seconds)
    return failures


def read_state(database: Database) -> OutageState:
    with database.reading() as session:
        return outages.read_state(session)


def test_a_breaker_opens_after_several_failures_in_a_row(database: Database) -> None:
    assert read_state(database) == OutageState()

    assert fail(database, FAILURES_TO_OPEN - 1) == FAILURES_TO_OPEN - 1
    assert read_state(database) == OutageState(failing=("embedder",))

    assert fail(database, 1) == FAILURES_TO_OPEN
    assert read_state(database) == OutageState(failing=("embedder",), down=("embedder",), is_probe_due=False)


def test_one_worker_claims_the_probe(database: Database, clock: Clock) -> None:
    fail(database, FAILURES_TO_OPEN)
    clock.advance(PROBE_BACKOFF.first_seconds)

    assert read_state(database).is_probe_due
    with database.transaction() as session:
        assert outages.claim_probe(session)
        assert not outages.claim_probe(session)


def test_a_long_retry_after_is_cut_off(database: Database, clock: Clock) -> None:
    fail(database, FAILURES_TO_OPEN, 10 * LONGEST_RETRY_AFTER_SECONDS)

    clock.advance(LONGEST_RETRY_AFTER_SECONDS - 1)
    assert not read_state(database).is_probe_due
    clock.advance(1)
    assert read_state(database).is_probe_due


def test_the_end_of_an_outage_makes_waiting_files_claimable(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=60)
    fail(database, FAILURES_TO_OPEN)

    with database.transaction() as session:
        assert outages.end_outages(session) == ["embedder"]

    assert read_state(database) == OutageState()
    assert rows.claim(database, row).attempt == 2


def test_a_dependency_without_a_breaker_is_only_reported(database: Database, clock: Clock) -> None:
    for _ in range(FAILURES_TO_OPEN):
        with database.transaction() as session:
            outages.record_failure(session, "parser", 30.0, reason="it cannot start")
    began = clock.seconds

    assert read_state(database) == OutageState()
    with database.transaction() as session:
        assert outages.end_outages(session) == []
    with database.reading() as session:
        [parser] = outages.list_outages(session)
    assert (parser.dependency, parser.reason, parser.since) == ("parser", "it cannot start", began)
    clock.advance(30 + outages.FORGOTTEN_SECONDS + 1)
    with database.transaction() as session:
        assert outages.record_failure(session, "parser", 30.0) == 1
