"""The queue of work on points, on both databases."""

from sqlalchemy import select

from ingest.db.models import PointJob, PointJobKind, StoreFile
from ingest.db.queue import membership, point_jobs
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def take(database: Database, kind: PointJobKind = "purge") -> list[PointJob]:
    with database.transaction() as session:
        return list(point_jobs.take_due(session, kind, 10))


def test_a_purge_is_repeated_once_after_the_lease_horizon(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    rows.attach(database, store, ids)
    with database.transaction() as session:
        membership.remove(session, store, ids[0])

    for expected in (1, 1, 0):
        with database.transaction() as session:
            due = point_jobs.take_due(session, "purge", 10)
            point_jobs.finish(session, due, again_after_seconds=80)
        assert len(due) == expected
        assert take(database) == []
        clock.advance(80)


def test_a_job_that_was_taken_and_not_finished_is_due_again(database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        point_jobs.purge_up_to(session, "vs_1", [(7, 3)])

    assert [(job.store_file, job.last_generation) for job in take(database)] == [(7, 3)]
    assert take(database) == []
    clock.advance(point_jobs.TAKE_SECONDS)
    assert [job.store_file for job in take(database)] == [7]


def test_attributes_are_written_once(database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        point_jobs.enqueue_attributes(session, "vs_1", [7], after_seconds=5)

    assert take(database, "attributes") == []
    clock.advance(5)
    with database.transaction() as session:
        jobs = point_jobs.take_due(session, "attributes", 10)
        point_jobs.finish(session, jobs, again_after_seconds=80)

    assert [job.store_file for job in jobs] == [7]
    clock.advance(80)
    assert take(database, "attributes") == []


def test_purges_name_the_generations_of_each_file(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))

    with database.transaction() as session:
        point_jobs.purge_after(session, store, [(7, 2, 5)])
        last = StoreFile.generation.expression
        point_jobs.purge_where(session, StoreFile.row == row, last, last)
        point_jobs.purge_store(session, store, due_at=1.0)

    assert set(steps.read_purges(database)) == {(7, 3, 5), (row, 1, 1), (None, 0, 0)}


def test_points_written_after_a_lost_lease_are_purged_but_no_other_generation(database: Database) -> None:
    store = rows.create_store(database)
    _, [file_id] = steps.create_outcomes(database, store, "")
    batch = steps.reindex(database, store)
    lost = rows.claim(database, rows.get_row(database, store, file_id).row)
    steps.cancel_batch(database, batch)
    steps.reindex(database, store)
    before = steps.read_purges(database)

    with database.transaction() as session:
        point_jobs.repair_after_lost_lease(session, store, lost.row, lost.generation)

    after = steps.read_purges(database)
    assert [job for job in after if job not in before] == []
    assert after.count((lost.row, 2, 2)) == 2


def test_points_of_a_generation_that_another_worker_writes_get_current_attributes(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    lost = rows.claim(database, row)
    steps.release(database, lost)

    with database.transaction() as session:
        point_jobs.repair_after_lost_lease(session, store, row, lost.generation)

    with database.reading() as session:
        [job] = session.scalars(select(PointJob))
    assert (job.kind, job.store_file) == ("attributes", row)
