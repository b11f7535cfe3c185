"""Files that run again: what failed or was cancelled, when somebody asks for it, and what lost its points.

They run as a new batch, for one that has ended never changes (decision 0004). Each keeps its attributes and chunking.
A few statements, however many files there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, Select, and_, case, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from ingest.db.attachments import from_the_start, slices
from ingest.db.counters import Shift, Sizes, run, shift_batch, shift_store, sizes_gone
from ingest.db.models import BatchFile, FileBatch, PointJob, StoreFile
from ingest.db.session import read_clock, serialise
from ingest.status import UNFINISHED

Retryable = Literal["failed", "cancelled"]

REASONS = 100
"""Different reasons that are told, the most frequent first; some name what is particular to one file."""


@dataclass(frozen=True)
class Reason:
    """Why files had not completed, and how many."""

    code: str
    message: str
    files: int


def retry(
    session: Session, batch: FileBatch, statuses: Sequence[Retryable], *, of_batch: int | None, limit: int
) -> list[Reason]:
    """Have up to `limit` of a store's files that ended so, or of those in one of its batches, run again as `batch`.

    Returns why they had not completed; `batch` is not made when there are none. Raises Abandoned when the store has
    been deleted or has expired.
    """
    which = [StoreFile.vector_store_id == batch.vector_store_id, _ended_as(batch.vector_store_id, statuses)]
    if of_batch is not None:
        which.append(StoreFile.row.in_(select(BatchFile.store_file).where(BatchFile.batch == of_batch)))
    if not _begin(session, batch, [and_(*which)], limit):
        return []
    reasons = _reasons(session, batch.row)
    _restart(session, batch)
    return reasons


def renew(session: Session, batch: FileBatch, rows: Sequence[int]) -> int:
    """Have completed files written anew, as `batch`; they are found as they were until then. How many still were
    completed; `batch` is not made when none was. Raises Abandoned as `retry` does."""
    completed = and_(StoreFile.vector_store_id == batch.vector_store_id, StoreFile.status == "completed")
    count = _begin(session, batch, [and_(completed, StoreFile.row.in_(some)) for some in slices(rows)], len(rows))
    if count:
        _restart(session, batch)
    return count


def _begin(session: Session, batch: FileBatch, which: Sequence[ColumnElement[bool]], limit: int) -> int:
    """Lock files, make the batch of them and say how many they are."""
    serialise(session, f"attach:{batch.vector_store_id}")
    session.add(batch)
    session.flush()
    for these in which:
        some = select(StoreFile.row).where(these).order_by(StoreFile.row).limit(limit).with_for_update().subquery()
        members = select(literal(batch.row), some.c.row, literal("in_progress"))
        run(session, insert(BatchFile).from_select(["batch", "store_file", "status"], members))
    count = session.scalar(select(func.count()).where(BatchFile.batch == batch.row)) or 0
    if not count:
        session.delete(batch)
        session.flush()
    return count


def _restart(session: Session, batch: FileBatch) -> None:
    """Queue what is in a new batch as new generations, with the counters of batch and store."""
    mine = StoreFile.row.in_(_members(batch.row))
    # Files cancelled by their batch alone still have what they had before, until a sweep comes.
    unswept = and_(mine, StoreFile.status.in_(UNFINISHED))
    shown = case((StoreFile.status.in_(UNFINISHED), "cancelled"), else_=StoreFile.status)
    counted = session.execute(select(shown, func.count()).where(mine).group_by(shown)).all()
    sums = [func.coalesce(func.sum(getattr(StoreFile, name)), 0) for name in vars(Sizes())]
    gone = Sizes(*(int(amount) for amount in session.execute(select(*sums).where(unswept)).one()))
    _purge(session, and_(unswept, StoreFile.fence > 0))
    run(session, update(StoreFile).where(unswept).values(sizes_gone()))
    run(session, update(StoreFile).where(mine).values(from_the_start(session, batch.row)))
    shift = Shift()
    for status, count in counted:
        shift.add(status, -count)
        shift.add("in_progress", count)
    shift_batch(session, batch.row, Shift(in_progress=shift.in_progress))
    shift_store(session, batch.vector_store_id, shift, Sizes().minus(gone))


def _ended_as(store_id: str, statuses: Sequence[Retryable]) -> ColumnElement[bool]:
    """What the API shows with one of these statuses."""
    ended = StoreFile.status.in_(statuses)
    if "cancelled" not in statuses:
        return ended
    cancelled = select(FileBatch.row).where(FileBatch.vector_store_id == store_id, FileBatch.cancelled_at.is_not(None))
    return or_(ended, and_(StoreFile.status.in_(UNFINISHED), StoreFile.batch.in_(cancelled)))


def _reasons(session: Session, batch: int) -> list[Reason]:
    found = session.execute(
        select(StoreFile.error_code, StoreFile.error_message, func.count().label("files"))
        .where(StoreFile.row.in_(_members(batch)))
        .group_by(StoreFile.error_code, StoreFile.error_message)
        .order_by(func.count().desc(), StoreFile.error_message)
        .limit(REASONS)
    )
    return [Reason(row.error_code or "cancelled", row.error_message or "It was cancelled.", row.files) for row in found]


def _purge(session: Session, which: ColumnElement[bool]) -> None:
    columns = ["kind", "vector_store_id", "store_file", "generation", "due_at", "final"]
    jobs = select(
        literal("purge"),
        StoreFile.vector_store_id,
        StoreFile.row,
        StoreFile.generation,
        literal(read_clock(session)),
        false(),
    )
    run(session, insert(PointJob).from_select(columns, jobs.where(which)))


def _members(batch: int) -> Select[int]:
    return select(BatchFile.store_file).where(BatchFile.batch == batch)
