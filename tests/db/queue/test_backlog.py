"""The size of the backlog, on both databases."""

from ingest.db.queue import point_jobs
from ingest.db.queue.backlog import Backlog, read_backlog
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def test_the_backlog_of_an_idle_service_is_empty(database: Database) -> None:
    store = rows.create_store(database)
    for row in rows.attach(database, store, rows.create_files(database, 1)):
        steps.complete_row(database, row)

    with database.reading() as session:
        assert read_backlog(session) == Backlog(queued=0, running=0, oldest_seconds=0.0, overdue_point_jobs=0)


def test_the_backlog_counts_waiting_and_running_files_and_overdue_jobs(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    first, *_ = rows.attach(database, store, rows.create_files(database, 3))
    rows.claim(database, first)
    with database.transaction() as session:
        point_jobs.purge_up_to(session, store, [(first, 1)])
    clock.advance(7)

    with database.reading() as session:
        backlog = read_backlog(session)

    assert (backlog.queued, backlog.running, backlog.overdue_point_jobs) == (2, 1, 1)
    assert round(backlog.oldest_seconds) == 7
