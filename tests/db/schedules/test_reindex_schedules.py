"""Rows of re-index schedules: which are due, and that one process alone runs each time."""

from sqlalchemy import update

from ingest.db.models import VectorStore
from ingest.db.pages import Window
from ingest.db.schedules import reindex_schedules
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.schedules.scenes import create_reindex_schedule

HOUR = 3_600


def test_due_schedules_of_active_stores_are_listed_by_their_time(database: Database, clock: Clock) -> None:
    store, deleted, expired = (rows.create_store(database) for _ in range(3))
    with database.transaction() as session:
        session.execute(update(VectorStore).where(VectorStore.id == deleted).values(deleted_at=1.0))
        session.execute(update(VectorStore).where(VectorStore.id == expired).values(expired_at=1))
    late, later, future, paused = (
        create_reindex_schedule(database, store, at) for at in (clock() - 10, clock() - 20, clock() + 10, None)
    )
    for ended in (deleted, expired):
        create_reindex_schedule(database, ended, clock() - 30)

    with database.reading() as session:
        due = reindex_schedules.list_due(session, 10)
        first = reindex_schedules.list_due(session, 1)

    assert [schedule.id for schedule in due] == [later.id, late.id]
    assert [schedule.id for schedule in first] == [later.id]
    assert not {future.id, paused.id} & {schedule.id for schedule in due}


def test_a_due_schedule_is_claimed_once(database: Database, clock: Clock) -> None:
    schedule = create_reindex_schedule(database, rows.create_store(database), clock())

    with database.transaction() as session:
        claimed = [reindex_schedules.claim(session, schedule, int(clock()) + HOUR) for _ in range(2)]
        reindex_schedules.record_batch(session, schedule, "vsfb_1")

    assert claimed == [True, False]
    with database.reading() as session:
        row = reindex_schedules.get(session, schedule.vector_store_id, schedule.id)
    assert row is not None
    assert (row.next_run_at, row.last_run_at, row.last_batch_id) == (int(clock()) + HOUR, int(clock()), "vsfb_1")


def test_a_schedule_whose_cron_was_changed_is_not_claimed(database: Database, clock: Clock) -> None:
    schedule = create_reindex_schedule(database, rows.create_store(database), clock())
    with database.transaction() as session:
        changed = reindex_schedules.get(session, schedule.vector_store_id, schedule.id, lock=True)
        assert changed is not None
        reindex_schedules.update_columns(session, changed, {"cron": "30 * * * *"})

    with database.transaction() as session:
        assert not reindex_schedules.claim(session, schedule, int(clock()) + HOUR)


def test_pagination_continues_after_a_deleted_schedule(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    first, second, third = (create_reindex_schedule(database, store, clock()) for _ in range(3))
    with database.transaction() as session:
        deleted = reindex_schedules.get(session, store, second.id, lock=True)
        assert deleted is not None
        reindex_schedules.delete(session, deleted)

    with database.reading() as session:
        page = reindex_schedules.list_page(session, store, Window(10, "asc", after=second.id))
        all_left = reindex_schedules.list_page(session, store, Window(10, "asc"))
    assert [schedule.id for schedule in page.items] == [third.id]
    assert [schedule.id for schedule in all_left.items] == [first.id, third.id]
