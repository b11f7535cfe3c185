"""Rows of import schedules: leases and fencing tokens of runs, partial deletion, states."""

import pytest

from ingest.db.models import ImportedFile, ImportSchedule
from ingest.db.schedules import import_schedules
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.conftest import Clock
from tests.db import rows
from tests.db.schedules.scenes import create_import_schedule

LEASE_SECONDS = 30.0


@pytest.fixture
def store(database: Database) -> str:
    return rows.create_store(database)


def claim(database: Database, run_id: str = "run_1") -> ImportSchedule | None:
    with database.transaction() as session:
        return import_schedules.claim_run(session, "test/1", run_id, LEASE_SECONDS)


def reload(database: Database, schedule: ImportSchedule) -> ImportSchedule:
    with database.reading() as session:
        row = import_schedules.get(session, schedule.vector_store_id, schedule.id)
    assert row is not None
    return row


def test_a_due_run_is_claimed_with_a_lease_and_a_new_fencing_token(
    database: Database, store: str, clock: Clock
) -> None:
    create_import_schedule(database, store, due_since=clock() - 1)

    run = claim(database)

    assert run is not None
    assert (run.run_id, run.fence, run.attempts, run.due_since) == ("run_1", 1, 1, None)
    assert (run.lease_holder, run.lease_until) == ("test/1", clock() + LEASE_SECONDS)
    assert claim(database) is None


def test_a_run_whose_lease_expired_is_claimed_again_under_the_same_run_id(
    database: Database, store: str, clock: Clock
) -> None:
    create_import_schedule(database, store, due_since=clock() - 1)
    lost = claim(database, "run_1")
    clock.advance(LEASE_SECONDS + 1)

    run = claim(database, "run_2")

    assert lost is not None
    assert run is not None
    assert (run.run_id, run.fence, run.attempts) == ("run_1", 2, 2)
    with database.transaction() as session:
        assert not import_schedules.renew_lease(session, lost.row, lost.fence, LEASE_SECONDS)
        assert not import_schedules.release_run(session, lost.row, lost.fence, after_seconds=0, is_counted=False)
        assert not import_schedules.end_run(session, lost.row, lost.fence, "completed")
        assert import_schedules.get_held_run(session, lost.row, lost.fence) is None
        with pytest.raises(Abandoned):
            import_schedules.add_counts(session, lost.row, lost.fence, uploaded=1)
        assert import_schedules.get_held_run(session, run.row, run.fence) is not None


@pytest.mark.parametrize(("is_counted", "attempts"), [(True, 1), (False, 0)])
def test_a_released_run_waits_for_its_back_off(
    database: Database, store: str, clock: Clock, is_counted: bool, attempts: int
) -> None:
    create_import_schedule(database, store, due_since=clock() - 1)
    run = claim(database)
    assert run is not None
    with database.transaction() as session:
        assert import_schedules.release_run(session, run.row, run.fence, after_seconds=60, is_counted=is_counted)

    assert reload(database, run).attempts == attempts
    assert claim(database) is None
    clock.advance(60)
    assert claim(database) is not None


def test_a_renewal_stores_the_progress_and_the_end_keeps_it(database: Database, store: str, clock: Clock) -> None:
    create_import_schedule(database, store, due_since=clock() - 1)
    run = claim(database)
    assert run is not None
    with database.transaction() as session:
        assert import_schedules.renew_lease(session, run.row, run.fence, LEASE_SECONDS, {"completed": 3})
        import_schedules.add_counts(session, run.row, run.fence, uploaded=3, removed=1)
        assert import_schedules.end_run(session, run.row, run.fence, "incomplete", reasons=[{"reason": "r"}])

    ended = reload(database, run)
    assert (ended.result, ended.counts, ended.uploaded, ended.removed) == ("incomplete", {"completed": 3}, 3, 1)
    assert (ended.ended_at, ended.lease_until, ended.reasons) == (int(clock()), None, [{"reason": "r"}])


def test_the_next_run_is_not_claimed_before_the_end_of_the_last_one_is_announced(
    database: Database, store: str, clock: Clock
) -> None:
    schedule = create_import_schedule(
        database, store, due_since=clock() - 1, run_id="run_0", began_at=1, ended_at=2, result="failed", error="e"
    )
    assert claim(database) is None
    with database.transaction() as session:
        locked = import_schedules.get(session, store, schedule.id, lock=True)
        assert locked is not None
        import_schedules.update_columns(session, locked, {"announced": True})

    run = claim(database)

    assert run is not None
    assert (run.run_id, run.result, run.error, run.announced) == ("run_1", None, None, False)


def test_a_schedule_with_many_files_is_deleted_in_slices_and_never_claimed_meanwhile(
    database: Database, store: str, clock: Clock
) -> None:
    schedule = create_import_schedule(database, store, due_since=clock() - 1)
    run = claim(database)
    assert run is not None
    file_ids = rows.create_files(database, 3)
    with database.transaction() as session:
        session.add_all(
            ImportedFile(schedule=run.row, file_id=file_id, source=b"/a", name="a", fingerprint="1")
            for file_id in file_ids
        )

    deleted = []
    for _ in range(2):
        with database.transaction() as session:
            locked = import_schedules.get(session, store, schedule.id, lock=True)
            assert locked is not None
            deleted.append(import_schedules.delete_some(session, locked, 2))
        assert claim(database) is None

    assert deleted == [False, True]
    with database.reading() as session:
        assert import_schedules.count(session, store) == 0
        assert not import_schedules.get_held_run(session, run.row, run.fence)


def test_schedules_are_counted_by_state(database: Database, store: str, clock: Clock) -> None:
    create_import_schedule(database, store)
    create_import_schedule(database, store, due_since=clock() - 2)
    claim(database)
    create_import_schedule(database, store, due_since=clock() - 1)
    create_import_schedule(database, store, run_id="run_0", began_at=1, ended_at=2, result="completed")

    with database.reading() as session:
        assert import_schedules.count_by_state(session) == {
            "waiting": 1, "running": 1, "completed": 1, "incomplete": 0, "failed": 0,
        }  # fmt: skip
