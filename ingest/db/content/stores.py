"""Vector stores, their files and their batches as rows: everything but the changes of state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ingest.db import tombstones
from ingest.db.content.files import unexpired
from ingest.db.execute import run
from ingest.db.models import BatchFile, File, FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.queue.counters import falls_back
from ingest.db.queue.membership import slices
from ingest.db.session import now, read_clock, serialise
from ingest.status import UNFINISHED, FileStatus, of_file

DAY_SECONDS = 86_400

_NOTHING = dict.fromkeys(
    ("in_progress", "completed", "failed", "cancelled", "usage_bytes", "chunks", "terms"), 0
)  # fmt: skip


def get(session: Session, project: str, store_id: str) -> VectorStore | None:
    """The project's store with this id, unless deleted. One that is due shows as expired, even before `expire`."""
    store = session.scalar(select(VectorStore).where(VectorStore.id == store_id, *_alive_in(project)))
    return None if store is None else _as_of(read_clock(session) if _may_expire(store) else 0.0, store)


def listed(session: Session, project: str, window: Window) -> Page[VectorStore]:
    """A page of a project's stores; those that are due show as expired."""
    statement = select(VectorStore).where(*_alive_in(project))
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


def touch(session: Session, store_id: str) -> None:
    """Move `last_active_at` (contract section 10: on attach, batch create, search and update).

    Nothing brings back a store that is due.
    """
    moved = {"last_active_at": int(read_clock(session))}
    run(session, update(VectorStore).where(VectorStore.id == store_id, ~_ended(session)).values(moved))


def delete(session: Session, project: str, store_id: str) -> bool:
    """Mark a project's store deleted, which hides it and stops its workers; `sweep_deleted` removes what is in it."""
    at = read_clock(session)
    alive = (VectorStore.id == store_id, *_alive_in(project))
    row = run(session, update(VectorStore).where(*alive).values(deleted_at=at).returning(VectorStore.row)).scalar()
    if row is None:
        return False
    tombstones.add(session, tombstones.vector_stores(project), store_id, row)
    session.add(PointJob(kind="purge", vector_store_id=store_id, due_at=at))
    return True


def due(session: Session, limit: int) -> Sequence[str]:
    """The ids of stores that should expire now."""
    ripe = select(VectorStore.id).where(
        VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None), _ended(session)
    )
    return session.scalars(ripe.order_by(VectorStore.row).limit(limit)).all()


def expire(session: Session, store_id: str) -> bool:
    """End a store that is due: it counts nothing any more, what is in progress is cancelled, its points are purged.

    Its workers find their files unwanted; `sweep_expired` removes its rows. False when it is not due, or has ended.
    """
    theirs = (FileBatch.vector_store_id == store_id, FileBatch.in_progress > 0)
    # Locked in the order that everybody keeps: batches by their number, then the store.
    session.execute(select(FileBatch.row).where(*theirs).order_by(FileBatch.row).with_for_update())
    alive = (VectorStore.id == store_id, VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    at = read_clock(session)
    ended = run(
        session, update(VectorStore).where(*alive, _ended(session)).values(_NOTHING | {"expired_at": int(at)})
    ).rowcount
    if not ended:
        return False
    cancelled = {"cancelled_at": at, "cancelled": FileBatch.cancelled + FileBatch.in_progress, "in_progress": 0}
    run(session, update(FileBatch).where(*theirs).values(cancelled | {"expired": True}))
    session.add(PointJob(kind="purge", vector_store_id=store_id, due_at=at))
    return True


def batch(session: Session, store_id: str, batch_id: str) -> FileBatch | None:
    """A batch of this store."""
    return session.scalar(select(FileBatch).where(FileBatch.id == batch_id, FileBatch.vector_store_id == store_id))


def batches(session: Session, numbers: Sequence[int]) -> Sequence[FileBatch]:
    """The batches with these row numbers whose stores are not deleted."""
    alive = select(VectorStore.id).where(VectorStore.deleted_at.is_(None))
    found: list[FileBatch] = []
    for some in slices(numbers):
        known = select(FileBatch).where(FileBatch.row.in_(some), FileBatch.vector_store_id.in_(alive))
        found += session.scalars(known)
    return found


@dataclass(frozen=True)
class Shown:
    """A file in a store as the API shows it."""

    row: int
    file_id: str
    vector_store_id: str
    created_at: int
    status: FileStatus
    usage_bytes: int
    attributes: dict[str, Any]
    chunk_tokens: int
    chunk_overlap: int
    error_code: str | None
    error_message: str | None


def file(session: Session, store_id: str, file_id: str) -> Shown | None:
    """One file of a store."""
    found = session.execute(_files(session, store_id).where(StoreFile.file_id == file_id)).first()
    return None if found is None else _shown(found)


def files(session: Session, store_id: str, window: Window, *, status: FileStatus | None) -> Page[Shown]:
    """A page of a store's files, or of those with one status."""
    return _files_page(session, _with_status(_files(session, store_id), status), store_id, window)


def batch_files(session: Session, batch: FileBatch, window: Window, *, status: FileStatus | None) -> Page[Shown]:
    """A page of the files that a batch attached and that are still in the store; those of a re-index as they ended in it."""
    joined = and_(BatchFile.store_file == StoreFile.row, BatchFile.batch == batch.row)
    statement = _files(session, batch.vector_store_id).join(BatchFile, joined)
    if not batch.reindex:
        return _files_page(session, _with_status(statement, status), batch.vector_store_id, window)
    open_is = "in_progress" if batch.cancelled_at is None else "cancelled"
    ended = case((BatchFile.status == "in_progress", open_is), else_=BatchFile.status)
    statement = statement.add_columns(ended.label("ended"), BatchFile.error_code, BatchFile.error_message)
    statement = statement if status is None else statement.where(ended == status)
    return _files_page(session, statement, batch.vector_store_id, window, _shown_in_batch)


@dataclass(frozen=True)
class Live:
    """A file whose points may be found: which generation of them, and what search tells of the file."""

    generation: int
    file_id: str
    filename: str
    attributes: dict[str, Any]
    model: str
    """That of the generation."""
    aside: int | None = None
    """The generation that was found before, or will be, of the store's other model."""


def live(session: Session, store_id: str, rows: Sequence[int]) -> dict[int, Live]:
    """Those of `rows` that can be found in this store now, by row number."""
    found = session.execute(
        select(
            *(StoreFile.row, StoreFile.live_generation, StoreFile.file_id, File.filename, StoreFile.attributes),
            *(StoreFile.model, StoreFile.aside_generation),
        )
        .join(File, File.id == StoreFile.file_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(
            StoreFile.row.in_(rows),
            StoreFile.vector_store_id == store_id,
            StoreFile.live_generation.is_not(None),
            unexpired(session),
            or_(StoreFile.status.not_in(UNFINISHED), FileBatch.cancelled_at.is_(None), falls_back()),
        )
    )
    return {
        r.row: Live(r.live_generation or 0, r.file_id, r.filename, r.attributes, r.model or "", r.aside_generation)
        for r in found
    }


def epoch(session: Session, store_id: str) -> int | None:
    """By which it is known whether a store's models have changed."""
    return session.scalar(select(VectorStore.epoch).where(VectorStore.id == store_id))


def sweep_deleted(session: Session, limit: int) -> int:
    """Remove rows of deleted stores, and a store when it has none left; how many were removed, 0 when none is left."""
    store_id = session.scalar(select(VectorStore.id).where(VectorStore.deleted_at.is_not(None)).limit(1))
    if store_id is None:
        return 0
    serialise(session, f"attach:{store_id}")  # who attaches holds on to the store before it locks files
    removed = _remove_rows(session, StoreFile.vector_store_id == store_id, limit)
    if removed < limit:
        # Deleting the store takes its batches with it, in any order: these are locked first, as everybody does.
        theirs = select(FileBatch.row).where(FileBatch.vector_store_id == store_id)
        session.execute(theirs.order_by(FileBatch.row).with_for_update())
        run(session, sql_delete(VectorStore).where(VectorStore.id == store_id))
    return removed + 1


def sweep_expired(session: Session, limit: int) -> int:
    """Remove rows of expired stores, which themselves stay; how many were removed, 0 when none is left."""
    expired = select(VectorStore.id).where(VectorStore.expired_at.is_not(None), VectorStore.deleted_at.is_(None))
    return _remove_rows(session, StoreFile.vector_store_id.in_(expired), limit)


def _remove_rows(session: Session, which: ColumnElement[bool], limit: int) -> int:
    some = select(StoreFile.row).where(which).order_by(StoreFile.row).limit(limit).with_for_update()
    rows = session.scalars(some).all()
    return run(session, sql_delete(StoreFile).where(StoreFile.row.in_(rows))).rowcount


# What the API shows of a row: the files of a cancelled batch are cancelled, or what they were before a re-index, before
# their rows are (status.of_file).
_CANCELLED = and_(StoreFile.status.in_(UNFINISHED), FileBatch.cancelled_at.is_not(None))


def _files(session: Session, store_id: str) -> Select[*tuple[Any, ...]]:
    ended = exists().where(VectorStore.id == store_id, _ended(session))
    return (
        select(StoreFile, FileBatch.cancelled_at)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.vector_store_id == store_id, ~ended)
    )


def _alive_in(project: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return VectorStore.project == project, VectorStore.deleted_at.is_(None)


def _ended(session: Session) -> ColumnElement[bool]:
    """That a store has expired, or is due to."""
    due_at = VectorStore.last_active_at + VectorStore.expires_after_days * DAY_SECONDS
    due = and_(VectorStore.expires_after_days.is_not(None), due_at <= now(session))
    return or_(VectorStore.expired_at.is_not(None), due)


def _may_expire(store: VectorStore) -> bool:
    return store.expired_at is None and store.expires_after_days is not None


def _as_of(at: float, store: VectorStore) -> VectorStore:
    """The store as it is at a time: the loaded object is changed, the row is not."""
    if not _may_expire(store):
        return store
    due_at = store.last_active_at + (store.expires_after_days or 0) * DAY_SECONDS
    if due_at <= at:
        for name, value in (_NOTHING | {"expired_at": due_at}).items():
            set_committed_value(store, name, value)
    return store


def _with_status(statement: Select[*tuple[Any, ...]], status: FileStatus | None) -> Select[*tuple[Any, ...]]:
    if status is None:
        return statement
    if status == "in_progress":
        return statement.where(StoreFile.status.in_(UNFINISHED), FileBatch.cancelled_at.is_(None))
    if status == "cancelled":
        return statement.where(or_(StoreFile.status == "cancelled", and_(_CANCELLED, ~falls_back())))
    if status == "completed":
        return statement.where(or_(StoreFile.status == "completed", and_(_CANCELLED, falls_back())))
    return statement.where(StoreFile.status == status)


def _files_page(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    store_id: str,
    window: Window,
    read: Callable[[Any], Shown] | None = None,
) -> Page[Shown]:
    cursor = select(StoreFile.row).where(StoreFile.vector_store_id == store_id, StoreFile.file_id == bindparam("id"))
    return page(session, statement, StoreFile.row.expression, window, cursor, store_id, read or _shown)


def _shown(found: Any) -> Shown:
    row: StoreFile = found[0]
    return Shown(
        row=row.row,
        file_id=row.file_id,
        vector_store_id=row.vector_store_id,
        created_at=row.created_at,
        status=of_file(
            row.status, batch_cancelled=found.cancelled_at is not None, falls_back=row.redo_tokens is not None
        ),
        usage_bytes=row.usage_bytes,
        attributes=row.attributes,
        chunk_tokens=row.chunk_tokens,
        chunk_overlap=row.chunk_overlap,
        error_code=row.error_code,
        error_message=row.error_message,
    )


def _shown_in_batch(found: Any) -> Shown:
    why = {"error_code": found.error_code, "error_message": found.error_message}
    return replace(_shown(found), status=found.ended, **why)
