"""Vector stores: reading, expiry and deletion. Their counters are in ingest/db/queue/counters.py.

A store is due when it was unused for `expires_after_days`. Reads show a due store as expired at once; `expire` changes
its row afterwards.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ingest.db import locks, tombstones
from ingest.db.execute import execute
from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.queue import point_jobs
from ingest.db.session import now, read_clock
from ingest.status import DAY_SECONDS

_EMPTY = dict.fromkeys(("in_progress", "completed", "failed", "cancelled", "usage_bytes", "chunks", "terms"), 0)
"""The counters and totals of an expired store."""


def get(session: Session, project: str, store_id: str) -> VectorStore | None:
    """Return the project's store, unless it was deleted. A due store shows as expired."""
    store = session.scalar(select(VectorStore).where(VectorStore.id == store_id, *_undeleted_in(project)))
    return None if store is None else _as_of(read_clock(session) if _may_expire(store) else 0.0, store)


def list_page(session: Session, project: str, window: Window) -> Page[VectorStore]:
    """Return a page of a project's stores. Due stores show as expired."""
    statement = select(VectorStore).where(*_undeleted_in(project))
    cursor = select(VectorStore.row).where(VectorStore.project == project, VectorStore.id == bindparam("id"))
    at = read_clock(session)
    return page(
        session,
        statement,
        VectorStore.row.expression,
        window,
        cursor,
        tombstones.vector_stores(project),
        lambda row: _as_of(at, row[0]),
    )


def model_epoch(session: Session, store_id: str) -> int | None:
    """Return the store's epoch. It increases when the store's models change."""
    return session.scalar(select(VectorStore.epoch).where(VectorStore.id == store_id))


def update_columns(session: Session, store: VectorStore, columns: Mapping[str, Any]) -> None:
    """Set columns of a store, by the names of its attributes, and bring the object up to date."""
    if columns:
        execute(session, update(VectorStore).where(VectorStore.row == store.row).values(columns))
    session.refresh(store)


def touch(session: Session, store_id: str) -> None:
    """Set `last_active_at` to now, unless the store is due (deploy/docs/api-contract.md section 10)."""
    values = {"last_active_at": int(read_clock(session))}
    execute(session, update(VectorStore).where(VectorStore.id == store_id, ~is_expired_or_due(session)).values(values))


def delete(session: Session, project: str, store_id: str) -> bool:
    """Mark a store as deleted, which hides it and abandons its work. `remove_deleted` deletes its rows.

    Returns False when there is no such store.
    """
    at = read_clock(session)
    undeleted = (VectorStore.id == store_id, *_undeleted_in(project))
    deleted = update(VectorStore).where(*undeleted).values(deleted_at=at).returning(VectorStore.row)
    row = execute(session, deleted).scalar()
    if row is None:
        return False
    tombstones.add(session, tombstones.vector_stores(project), store_id, row)
    point_jobs.purge_store(session, store_id, due_at=at)
    return True


def list_due(session: Session, limit: int) -> Sequence[str]:
    """Return the ids of stores that are due to expire."""
    due = select(VectorStore.id).where(VectorStore.is_active, is_expired_or_due(session))
    return session.scalars(due.order_by(VectorStore.row).limit(limit)).all()


def expire(session: Session, store_id: str) -> bool:
    """Expire a due store: empty its counters, cancel its batches and purge its points.

    Its workers find their work abandoned, and `remove_expired` deletes its files' rows. Returns False when the store is
    not due or has ended.
    """
    unfinished = (FileBatch.vector_store_id == store_id, FileBatch.in_progress > 0)
    # Lock order: batches by row, then the store (ingest/db/locks.py).
    session.execute(select(FileBatch.row).where(*unfinished).order_by(FileBatch.row).with_for_update())
    due = (VectorStore.id == store_id, VectorStore.is_active, is_expired_or_due(session))
    at = read_clock(session)
    expired = execute(session, update(VectorStore).where(*due).values(_EMPTY | {"expired_at": int(at)})).rowcount
    if not expired:
        return False
    cancelled = {"cancelled_at": at, "cancelled": FileBatch.cancelled + FileBatch.in_progress, "in_progress": 0}
    execute(session, update(FileBatch).where(*unfinished).values(cancelled | {"expired": True}))
    point_jobs.purge_store(session, store_id, due_at=at)
    return True


def remove_deleted(session: Session, limit: int) -> int:
    """Delete up to `limit` files' rows of a deleted store, and the store when it has none left.

    Returns 0 when nothing is left to do, otherwise one more than the number of rows.
    """
    store_id = session.scalar(select(VectorStore.id).where(VectorStore.is_deleted).limit(1))
    if store_id is None:
        return 0
    # Attaching locks the store before it locks files. This lock keeps the two from waiting for each other.
    locks.advisory_lock(session, locks.store_membership(store_id))
    removed = _remove_files(session, StoreFile.vector_store_id == store_id, limit)
    if removed < limit:
        # The cascade deletes the batches in any order, so they are locked in theirs first.
        batches = select(FileBatch.row).where(FileBatch.vector_store_id == store_id)
        session.execute(batches.order_by(FileBatch.row).with_for_update())
        execute(session, sql_delete(VectorStore).where(VectorStore.id == store_id))
    return removed + 1


def remove_expired(session: Session, limit: int) -> int:
    """Delete up to `limit` files' rows of expired stores, which stay themselves. Returns the number of rows."""
    expired = select(VectorStore.id).where(VectorStore.expired_at.is_not(None), ~VectorStore.is_deleted)
    return _remove_files(session, StoreFile.vector_store_id.in_(expired), limit)


def is_expired_or_due(session: Session) -> ColumnElement[bool]:
    """Match stores that have expired or are due."""
    due_at = VectorStore.last_active_at + VectorStore.expires_after_days * DAY_SECONDS
    is_due = and_(VectorStore.expires_after_days.is_not(None), due_at <= now(session))
    return or_(VectorStore.expired_at.is_not(None), is_due)


def _remove_files(session: Session, condition: ColumnElement[bool], limit: int) -> int:
    rows = session.scalars(
        select(StoreFile.row).where(condition).order_by(StoreFile.row).limit(limit).with_for_update()
    ).all()
    return execute(session, sql_delete(StoreFile).where(StoreFile.row.in_(rows))).rowcount


def _undeleted_in(project: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return VectorStore.project == project, ~VectorStore.is_deleted


def _may_expire(store: VectorStore) -> bool:
    return store.expired_at is None and store.expires_after_days is not None


def _as_of(at: float, store: VectorStore) -> VectorStore:
    """Show a store that is due at this time as expired. This changes the loaded object, not the row."""
    if not _may_expire(store):
        return store
    due_at = store.last_active_at + (store.expires_after_days or 0) * DAY_SECONDS
    if due_at <= at:
        for name, value in (_EMPTY | {"expired_at": due_at}).items():
            set_committed_value(store, name, value)
    return store
