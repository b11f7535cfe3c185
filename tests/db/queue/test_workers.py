"""Heartbeats of workers: alive, dead, forgotten, and clocks that are set back."""

import pytest

from ingest.db.queue import workers
from ingest.db.queue.workers import KEPT_SECONDS, WorkerView
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db.rows import HOLDER, record_worker


def read(database: Database) -> list[WorkerView]:
    with database.reading() as session:
        return workers.list_workers(session)


def test_a_worker_is_alive_until_it_misses_its_heartbeats(database: Database, clock: Clock) -> None:
    record_worker(database, "interactive", "bulk", alive_seconds=30)

    [worker] = read(database)

    assert worker == WorkerView("test", ("interactive", "bulk"), 2, clock.seconds, is_alive=True)
    clock.advance(31)
    assert [worker.is_alive for worker in read(database)] == [False]
    record_worker(database, alive_seconds=30)
    assert [worker.is_alive for worker in read(database)] == [True]


def test_a_worker_that_stops_is_dead_at_once(database: Database, clock: Clock) -> None:
    record_worker(database)
    clock.advance(5)
    with database.transaction() as session:
        workers.record_stop(session, HOLDER)

    assert [(worker.is_alive, worker.heartbeat_at) for worker in read(database)] == [(False, clock.seconds)]


def test_rows_of_dead_workers_are_deleted_after_a_day(database: Database, clock: Clock) -> None:
    record_worker(database, alive_seconds=30)
    record_worker(database, worker_id="other/2", alive_seconds=10 * KEPT_SECONDS)
    clock.advance(KEPT_SECONDS)
    with database.transaction() as session:
        assert workers.delete_dead(session) == 0
    clock.advance(31)
    with database.transaction() as session:
        assert workers.delete_dead(session) == 1

    assert [worker.node for worker in read(database)] == ["other"]


@pytest.mark.parametrize("seconds", [60, 86_400])
def test_a_dead_worker_does_not_come_back_when_the_clock_is_set_back(
    database: Database, clock: Clock, seconds: float
) -> None:
    record_worker(database, alive_seconds=30)
    clock.advance(-seconds)

    assert [worker.is_alive for worker in read(database)] == [False]
