"""The counters of batches and stores, and the work list for points: what goes with every change of a file's state.

Locks are always taken in the order file, batch, store, so that no two transitions can wait for each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed_prepared, run_prepared
from ingest.db.models import BatchFile, FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.session import read_clock
from ingest.errors import Abandoned, Moved

Outcome = Literal["completed", "failed", "cancelled"]

ASIDE = ("generation", "model", "tokens", "overlap", "made_with", "chunks", "terms", "bytes")
"""What a row says of its points of another model, each with `aside_` before it..."""

LIVE: tuple[ColumnElement[Any], ...] = (
    *(StoreFile.live_generation.expression, StoreFile.model.expression),
    *(StoreFile.chunk_tokens.expression, StoreFile.chunk_overlap.expression, StoreFile.made_with.expression),
    *(StoreFile.chunks.expression, StoreFile.terms.expression, StoreFile.usage_bytes.expression),
)
"""...and the same of those that can be found."""


@dataclass(frozen=True)
class Sizes:
    """What a file adds to its store while its points are there."""

    chunks: int = 0
    terms: int = 0
    usage_bytes: int = 0

    @classmethod
    def of(cls, row: StoreFile) -> "Sizes":
        return cls(row.chunks, row.terms, row.usage_bytes)

    def plus(self, other: "Sizes") -> "Sizes":
        return Sizes(self.chunks + other.chunks, self.terms + other.terms, self.usage_bytes + other.usage_bytes)

    def minus(self, other: "Sizes") -> "Sizes":
        return Sizes(self.chunks - other.chunks, self.terms - other.terms, self.usage_bytes - other.usage_bytes)


@dataclass
class Shift:
    """What to add to a batch's or a store's counters."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    def add(self, status: str, amount: int) -> None:
        setattr(self, status, getattr(self, status) + amount)


@dataclass(frozen=True)
class Why:
    """Why a file failed: the API's code, and a message."""

    code: str
    message: str


def settle(
    session: Session,
    row: int,
    owner: int | None,
    store_id: str,
    outcome: Outcome,
    sizes: Sizes,
    *,
    why: Why | None = None,
    falls_back: bool = False,
    epoch: int | None = None,
) -> None:
    """Count a file that just left `in_progress`: in every batch that waits for it, then in its store.

    To the store one that falls back is completed, whatever the outcome is to batches. `epoch` is the store's when the
    file was claimed. Raises Abandoned, so that the transaction is undone, when the batch that owns it was cancelled or
    the store deleted or expired first, and Moved when the store has another epoch.
    """
    shift = Shift(in_progress=-1)
    shift.add(outcome, 1)
    for batch in open_batches(session, row):
        if shift_batch(session, batch, shift):
            close_membership(session, batch, row, outcome, why)
        elif batch == owner:
            raise Abandoned("its batch was cancelled first")
    if falls_back:
        shift = Shift(in_progress=-1, completed=1)
    shift_store(session, store_id, shift, sizes, epoch=epoch)


def open_batches(session: Session, row: int) -> Sequence[int]:
    """The batches that wait for a file, usually one."""
    return run_prepared(session, _OPEN_BATCHES, file=row).scalars().all()


def close_membership(session: Session, batch: int, row: int, outcome: Outcome, why: Why | None = None) -> None:
    """Write down for good how a file ended in a batch."""
    code, message = (None, None) if why is None else (why.code, why.message)
    run_prepared(session, _CLOSE_MEMBERSHIP, in_batch=batch, file=row, outcome=outcome, code=code, message=message)


def shift_batch(session: Session, batch: int, shift: Shift) -> bool:
    """Add to a batch's counters; False when it has been cancelled, for then they are final."""
    amounts = vars(shift)
    return not any(amounts.values()) or changed_prepared(session, _SHIFT_BATCH, of=batch, **_more(amounts))


def shift_store(
    session: Session, store_id: str, shift: Shift, sizes: Sizes | None = None, *, epoch: int | None = None
) -> None:
    """Add to a store's counters. Raises Abandoned when it has been deleted or has expired, and Moved when it has not
    the given epoch (any more)."""
    amounts = vars(shift) | vars(sizes or Sizes())
    if not any(amounts.values()):
        return
    if epoch is None:
        done = changed_prepared(session, _SHIFT_STORE, of=store_id, **_more(amounts))
    else:
        done = changed_prepared(session, _SHIFT_STORE_IN_EPOCH, of=store_id, its_epoch=epoch, **_more(amounts))
        if not done and changed_prepared(session, _SHIFT_STORE, of=store_id, **_more(vars(Shift()) | vars(Sizes()))):
            raise Moved("its store has changed its embedding model meanwhile")
    if not done:
        raise Abandoned("its store was deleted or has expired")


def purge(session: Session, store_id: str, points: Iterable[tuple[int, int]]) -> None:
    """Have points deleted: of each (row, generation) those of that generation and of older ones."""
    due = read_clock(session)
    jobs = [
        PointJob(kind="purge", vector_store_id=store_id, store_file=row, generation=generation, due_at=due)
        for row, generation in points
    ]
    session.add_all(jobs)


def purge_after(session: Session, store_id: str, points: Iterable[tuple[int, int, int]]) -> None:
    """Have points deleted: of each (row, kept, last) those of generations after `kept`, up to `last`."""
    due = read_clock(session)
    jobs = [
        PointJob(kind="purge", vector_store_id=store_id, store_file=row, first=kept + 1, generation=last, due_at=due)
        for row, kept, last in points
    ]
    session.add_all(jobs)


def sizes_gone() -> dict[str, Any]:
    """The values of a row that has no points any more."""
    return {"live_generation": None, "model": None, "chunks": 0, "terms": 0, "usage_bytes": 0} | nothing_aside()


def nothing_aside() -> dict[str, Any]:
    """The values of a row that has no points of another model."""
    return dict.fromkeys(f"aside_{name}" for name in ASIDE)


def fallen_back() -> dict[str, Any]:
    """The values of a row whose re-index did not complete: it is what it was before."""
    return {"status": "completed", "redo_tokens": None, "redo_overlap": None, "redo_model": None}


def kept_generation() -> ColumnElement[int]:
    """The greatest generation that a file keeps if what it is queued for does not complete; 0 for none. Numbers only
    grow, so all greater ones are of what did not complete."""
    live, aside = func.coalesce(StoreFile.live_generation, 0), func.coalesce(StoreFile.aside_generation, 0)
    return case((aside > live, aside), else_=live)


def kept_of(row: StoreFile) -> int:
    """The same of a row that was read."""
    return max(row.live_generation or 0, row.aside_generation or 0)


def falls_back() -> ColumnElement[bool]:
    """That a file is found as before if what it is queued for does not complete."""
    return StoreFile.redo_tokens.is_not(None)


def locked(session: Session, *which: ColumnElement[bool], skip: bool = False) -> Sequence[int]:
    """The rows of files, locked in the order that everybody keeps; `skip` leaves out those that others hold."""
    return session.scalars(
        select(StoreFile.row).where(*which).order_by(StoreFile.row).with_for_update(skip_locked=skip, of=StoreFile)
    ).all()


def wanted() -> ColumnElement[bool]:
    """That a file's batch has not been cancelled and its store neither deleted nor expired."""
    cancelled = exists().where(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_not(None))
    alive = exists().where(
        VectorStore.id == StoreFile.vector_store_id, VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None)
    )
    return and_(or_(StoreFile.batch.is_(None), ~cancelled.correlate(StoreFile)), alive.correlate(StoreFile))


def _added(table: type[FileBatch] | type[VectorStore], names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(table, name) + bindparam(f"more_{name}") for name in names}


def _more(amounts: dict[str, int]) -> dict[str, int]:
    return {f"more_{name}": amount for name, amount in amounts.items()}


_OPEN_BATCHES = (
    select(BatchFile.batch)
    .where(BatchFile.store_file == bindparam("file"), BatchFile.status == "in_progress")
    .order_by(BatchFile.batch)
)
_CLOSE_MEMBERSHIP = (
    update(BatchFile)
    .where(BatchFile.batch == bindparam("in_batch"), BatchFile.store_file == bindparam("file"))
    .values(status=bindparam("outcome"), error_code=bindparam("code"), error_message=bindparam("message"))
)
_SHIFT_BATCH = (
    update(FileBatch)
    .where(FileBatch.row == bindparam("of"), FileBatch.cancelled_at.is_(None))
    .values(_added(FileBatch, vars(Shift())))
)
_SHIFT_STORE = (
    update(VectorStore)
    .where(VectorStore.id == bindparam("of"), VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    .values(_added(VectorStore, vars(Shift()) | vars(Sizes())))
)
_SHIFT_STORE_IN_EPOCH = _SHIFT_STORE.where(VectorStore.epoch == bindparam("its_epoch"))
