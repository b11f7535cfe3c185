"""Row locks and values of transitions, on both databases."""

from sqlalchemy import select

from ingest.db.models import FileBatch, StoreFile
from ingest.db.queue import cancellation, feed, membership, reclaim, transitions
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def test_concurrent_transitions_in_opposite_orders_do_not_deadlock(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 120)

    for turn in range(5):
        first = rows.attach_batch(database, store, ids)
        with database.transaction() as session:
            published = feed.take_bulk(session, 120)
        for file in published[::2]:
            rows.try_claim(database, file.row, lease_seconds=1)
        clock.advance(2)

        def cancel(batch: str = first) -> None:
            steps.cancel_batch(database, batch, mark_files=False)
            looked_at = 1
            while looked_at:
                with database.transaction() as session:
                    looked_at = cancellation.mark_cancelled_files(session, limit=50)

        def attach_in_reverse_order(tokens: int = 800 - turn) -> None:
            batch = FileBatch(id=f"vsfb_{tokens}", vector_store_id=store, created_at=1)
            members = [rows.make_member(file_id, tokens=tokens) for file_id in ids[::-1]]
            with database.transaction() as session:
                membership.attach(session, store, members, batch)

        def unpublish() -> int:
            with database.transaction() as session:
                return feed.unpublish_older(session, "bulk", older_than_seconds=0)

        def release_machine() -> int:
            with database.transaction() as session:
                return reclaim.release_machine(session, "test/")

        def remove_in_reverse_order() -> None:
            for file_id in ids[:-20:-1]:
                with database.transaction() as session:
                    membership.remove(session, store, file_id)

        def reclaim_leases() -> int:
            return steps.reclaim_expired_leases(database)

        steps.run_concurrently(
            cancel, attach_in_reverse_order, unpublish, release_machine, remove_in_reverse_order, reclaim_leases
        )

    with database.reading() as session:
        files = session.execute(
            select(StoreFile.status, FileBatch.cancelled_at).outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        ).all()
    is_cancelled = [file.status == "cancelled" or bool(file.cancelled_at) for file in files]
    assert rows.read_counts(database, store) == (is_cancelled.count(False), 0, 0, is_cancelled.count(True))


def test_rows_are_locked_in_their_order(database: Database) -> None:
    store = rows.create_store(database)
    attached = rows.attach(database, store, rows.create_files(database, 5)[::-1])

    with database.transaction() as session:
        locked = transitions.lock_rows(session, StoreFile.vector_store_id == store)

    assert list(locked) == sorted(attached)


def test_standby_and_live_columns_correspond() -> None:
    assert len(transitions.STANDBY_FIELDS) == len(transitions.LIVE_COLUMNS)
    assert set(transitions.without_standby()) <= {column.name for column in StoreFile.__table__.columns}
