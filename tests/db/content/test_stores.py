"""Expiry and deletion of stores, on both databases."""

from collections.abc import Sequence
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, NoResultFound

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import members as member_rows
from ingest.db.content import stores
from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.queue import claims, membership
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.db.session import Database
from ingest.errors import Abandoned
from ingest.ids import new as new_id
from ingest.status import DAY_SECONDS
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps


def let_expire(database: Database, store: str) -> None:
    """Make a store due to expire: it was last active long ago."""
    with database.transaction() as session:
        session.scalars(select(VectorStore).where(VectorStore.id == store)).one().expires_after_days = 1


def test_no_file_completes_in_a_deleted_store(database: Database) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row)
    with database.transaction() as session:
        assert stores.delete(session, DEFAULT_PROJECT, store)

    with pytest.raises(Abandoned), database.transaction() as session:
        claims.complete(session, claim, PointTotals(1, 1, 1))
    with database.transaction() as session:
        while stores.remove_deleted(session, 100):
            pass
    assert steps.read_purges(database) == [(None, 0, 0)]


@pytest.mark.parametrize("ended", ["deleted", "expired"])
def test_a_file_in_progress_is_not_searched_after_its_store_ended(database: Database, clock: Clock, ended: str) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row)
    if ended == "deleted":
        with database.transaction() as session:
            assert stores.delete(session, DEFAULT_PROJECT, store)
    else:
        let_expire(database, store)
        with database.transaction() as session:
            assert stores.expire(session, store)

    with pytest.raises(Abandoned):
        steps.complete(database, claim)
    assert not steps.renew(database, claim)

    with database.reading() as session:
        assert member_rows.live_files(session, store, [row]) == {}


def end_store(database: Database, store: str, ended: str) -> None:
    """Delete or expire a store, and delete its files' rows in small steps."""
    with database.transaction() as session:
        if ended == "deleted":
            assert stores.delete(session, DEFAULT_PROJECT, store)
        else:
            assert stores.expire(session, store)
    removed = 1
    while removed:
        with database.transaction() as session:
            remove = stores.remove_deleted if ended == "deleted" else stores.remove_expired
            removed = remove(session, 7)


@pytest.mark.parametrize("ended", ["deleted", "expired"])
def test_ending_a_store_does_not_deadlock_with_transitions_of_its_files(
    database: Database, clock: Clock, ended: str
) -> None:
    for _ in range(5):
        store = rows.create_store(database)
        ids = rows.create_files(database, 60)
        batches = [rows.attach_batch(database, store, ids[:40]), rows.attach_batch(database, store, ids[20:][::-1])]
        leases = [rows.claim(database, rows.get_row(database, store, file_id).row) for file_id in ids[:40]]
        if ended == "expired":
            let_expire(database, store)

        def complete_all(leases: Sequence[Claim]) -> int:
            won = 0
            for lease in leases:
                with suppress(Abandoned):
                    won += steps.complete(database, lease)
            return won

        def remove_files(file_ids: Sequence[str] = ids[:39:-1], store: str = store) -> None:
            for file_id in file_ids:
                with suppress(Abandoned), database.transaction() as session:
                    membership.remove(session, store, file_id)

        def attach_again(store: str = store, ids: Sequence[str] = ids[::-1]) -> None:
            for tokens in (400, 500, 600):
                batch = FileBatch(id=new_id("vsfb_"), vector_store_id=store, created_at=1)
                members = [rows.make_member(file_id, tokens=tokens) for file_id in ids]
                with suppress(Abandoned, IntegrityError), database.transaction() as session:  # the store may have ended
                    membership.attach(session, store, members, batch)

        def cancel(batch: str = batches[1]) -> None:
            with suppress(Abandoned, NoResultFound):  # the batch may be gone
                steps.cancel_batch(database, batch, mark_files=False)

        steps.run_concurrently(
            lambda half=leases[:20]: complete_all(half),  # type: ignore[misc]  # mypy infers no lambda with defaults
            lambda half=leases[:19:-1]: complete_all(half),  # type: ignore[misc]  # as above
            lambda store=store: end_store(database, store, ended),  # type: ignore[misc]  # as above
            remove_files,
            attach_again,
            cancel,
        )

        with database.reading() as session:
            assert session.scalar(select(func.count()).where(StoreFile.vector_store_id == store)) == 0
            remaining = session.scalars(select(FileBatch).where(FileBatch.vector_store_id == store)).all()
        assert ended == "expired" or not remaining
        assert all(batch.in_progress == 0 for batch in remaining)


def test_a_store_past_its_expiry_shows_as_expired_and_empty_before_maintenance_runs(
    database: Database, clock: Clock
) -> None:
    store = rows.create_store(database)
    steps.complete_row(database, rows.attach(database, store, rows.create_files(database, 1))[0])
    let_expire(database, store)

    with database.reading() as session:
        due_store = stores.get(session, DEFAULT_PROJECT, store)
        assert list(stores.list_due(session, 10)) == [store]
    assert due_store is not None
    assert (due_store.expired_at, due_store.completed, due_store.chunks) == (1 + DAY_SECONDS, 0, 0)
    assert rows.read_counts(database, store) == (0, 1, 0, 0)


def test_the_last_activity_of_a_store_past_its_expiry_is_not_updated(database: Database, clock: Clock) -> None:
    store, due_store = rows.create_store(database), rows.create_store(database)
    let_expire(database, due_store)

    with database.transaction() as session:
        stores.touch(session, store)
        stores.touch(session, due_store)

    with database.reading() as session:
        last_active = {
            row.id: row.last_active_at for row in session.execute(select(VectorStore.id, VectorStore.last_active_at))
        }
    assert last_active == {store: int(clock()), due_store: 1}
