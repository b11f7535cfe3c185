"""The rows of exports and restores, on both databases. Whole archives are in tests/archive/."""

from ingest.db.content import archives
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def begin(database: Database) -> int:
    with database.transaction() as session:
        return archives.begin_restore(session, "vs_new", lease_seconds=60)


def test_a_restore_that_stops_renewing_is_purged(database: Database, clock: Clock) -> None:
    job = begin(database)
    clock.advance(40)
    with database.transaction() as session:
        assert archives.renew_restore(session, job, [], lease_seconds=60)
    clock.advance(60)

    with database.transaction() as session:
        assert not archives.renew_restore(session, job, [], lease_seconds=60)
        assert not archives.end_restore(session, job)
    assert steps.read_purges(database) == [(None, 0, 0)]


def test_a_restore_in_time_keeps_its_points(database: Database) -> None:
    job = begin(database)

    with database.transaction() as session:
        assert archives.end_restore(session, job)

    assert steps.read_purges(database) == []


def test_an_aborted_restore_is_purged_again_if_its_purge_is_over(database: Database) -> None:
    job = begin(database)
    with database.transaction() as session:
        archives.end_restore(session, job)

    for _ in range(2):
        with database.transaction() as session:
            archives.abort_restore(session, job, "vs_new")

    assert steps.read_purges(database) == [(None, 0, 0)]


def test_a_restored_store_is_not_purged_by_an_abort(database: Database) -> None:
    store = rows.create_store(database)
    job = begin(database)
    with database.transaction() as session:
        archives.end_restore(session, job)
        assert archives.is_restored(session, job, store)
        assert not archives.is_restored(session, job, "vs_new")
        archives.abort_restore(session, job, store)

    assert steps.read_purges(database) == []


def test_an_export_has_every_file_of_the_store(database: Database) -> None:
    store = rows.create_store(database)
    _, ids = steps.create_outcomes(database, store, "", "broken")

    with database.reading() as session:
        first, second = archives.export_page(session, store, 0)
        assert archives.export_page(session, store, second.row) == []
        exported_store = archives.find_store(session, store)

    assert exported_store is not None
    assert [first.file_id, second.file_id] == ids
    assert (first.status, first.generation, first.chunks) == ("completed", 1, 1)
    assert (second.status, second.generation, second.error_message) == ("failed", None, "broken")
