"""Files that run again: what failed or was cancelled, when somebody asks for it, what lost its points, and what is to be
indexed anew.

They run as a new batch, for one that has ended never changes (decision 0004). Each keeps its attributes, and its
chunking unless a re-index asks for another one.
A few statements, however many files there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, and_, case, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import BatchFile, FileBatch, PointJob, ReindexOnly, StoreFile
from ingest.db.queue.counters import Shift, Sizes, falls_back, kept_generation, shift_batch, shift_store, sizes_gone
from ingest.db.queue.membership import from_the_start, slices
from ingest.db.session import read_clock, serialise
from ingest.status import UNFINISHED

Retryable = Literal["failed", "cancelled"]
Only = ReindexOnly
"""What of a store is indexed anew. `failed`: also what a re-index left as it was. `stale`: what would be made otherwise
today, or has another chunking than asked for."""

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

    Of a re-index those that fell back are indexed anew, as it was asked for. Returns why they had not completed; `batch`
    is not made when there are none. Raises Abandoned when the store has been deleted or has expired.
    """
    of = None if of_batch is None else session.get(FileBatch, of_batch)
    which: ColumnElement[bool] = _ended_as(batch.vector_store_id, statuses)
    if of is not None and of.reindex:
        batch.reindex, batch.chunk_tokens, batch.chunk_overlap = True, of.chunk_tokens, of.chunk_overlap
        batch.model = of.model
        which = or_(which, _fell_back(batch.vector_store_id)) & StoreFile.row.in_(_ended_in(of, statuses))
    elif of is not None:
        which = which & StoreFile.row.in_(_members(of.row))
    if not _begin(session, batch, [which], limit):
        return []
    reasons = _reasons(session, batch.row, of)
    _restart(session, batch)
    return reasons


def reindex(session: Session, batch: FileBatch, only: Only, *, made_with: str, limit: int) -> None:
    """Have up to `limit` of a store's files indexed anew as `batch`, which has the chunking; perhaps none.

    What is found is found as it was until it completes, and goes on so if it does not. What is in progress or was
    cancelled is left alone. `made_with` is what would be written today. Raises Abandoned as `retry` does.
    """
    batch.reindex = True
    found = or_(StoreFile.status == "completed", _unswept(batch.vector_store_id) & falls_back())
    failed = or_(StoreFile.status == "failed", _fell_back(batch.vector_store_id))
    which = {"all": or_(found, failed), "failed": failed, "stale": found & _stale(batch, made_with)}[only]
    if _begin(session, batch, [which], limit, keep=True):
        _restart(session, batch)


def move(session: Session, batch: FileBatch, which: ColumnElement[bool], *, again: bool, limit: int) -> int:
    """Have up to `limit` files of a store, of those that can be found and are `which`, indexed anew as `batch`, which
    has the model; how many. What is in progress is left alone, and unless `again` what failed with that model before.
    The batch is made of none only for somebody who asked for it (`again`). Raises Abandoned as `retry` does."""
    batch.reindex = True
    found = or_(StoreFile.status == "completed", _unswept(batch.vector_store_id) & falls_back())
    if not again:
        found = _untried(batch.vector_store_id, batch.model)
    count = _begin(session, batch, [found & which], limit, keep=again)
    if count:
        _restart(session, batch)
    return count


def has_to_move(session: Session, store_id: str, model: str, which: ColumnElement[bool]) -> bool:
    """Whether `move` would find any file, without being asked `again`."""
    mine = (StoreFile.vector_store_id == store_id, which, _untried(store_id, model))
    return session.scalar(select(StoreFile.row).where(*mine).limit(1)) is not None


def renew(session: Session, batch: FileBatch, rows: Sequence[int]) -> int:
    """Have completed files written anew, as `batch`; they are found as they were until then. How many still were
    completed; `batch` is not made when none was. Raises Abandoned as `retry` does."""
    completed = StoreFile.status == "completed"
    count = _begin(session, batch, [completed & StoreFile.row.in_(some) for some in slices(rows)], len(rows))
    if count:
        _restart(session, batch)
    return count


def _begin(
    session: Session, batch: FileBatch, which: Sequence[ColumnElement[bool]], limit: int, *, keep: bool = False
) -> int:
    """Lock files of the store, make the batch of them and say how many they are; an empty one only to `keep` it."""
    serialise(session, f"attach:{batch.vector_store_id}")
    session.add(batch)
    session.flush()
    for these in which:
        mine = (StoreFile.vector_store_id == batch.vector_store_id, these)
        some = select(StoreFile.row).where(*mine).order_by(StoreFile.row).limit(limit).with_for_update().subquery()
        members = select(literal(batch.row), some.c.row, literal("in_progress"))
        run(session, insert(BatchFile).from_select(["batch", "store_file", "status"], members))
    count = session.scalar(select(func.count()).where(BatchFile.batch == batch.row)) or 0
    if not count and not keep:
        session.delete(batch)
        session.flush()
    return count


def _restart(session: Session, batch: FileBatch) -> None:
    """Queue what is in a new batch as new generations, with the counters of batch and store."""
    mine = StoreFile.row.in_(_members(batch.row))
    # Files cancelled by their batch alone still have what they had before, until a sweep comes.
    unfinished = StoreFile.status.in_(UNFINISHED)
    unswept = and_(mine, unfinished, ~falls_back())
    shown = case((unfinished & falls_back(), "completed"), (unfinished, "cancelled"), else_=StoreFile.status)
    counted = session.execute(select(shown, func.count()).where(mine).group_by(shown)).all()
    sums = [func.coalesce(func.sum(getattr(StoreFile, name)), 0) for name in vars(Sizes())]
    gone = Sizes(*(int(amount) for amount in session.execute(select(*sums).where(unswept)).one()))
    _purge(session, and_(unswept, StoreFile.fence > 0))
    _purge(session, and_(mine, unfinished, falls_back(), StoreFile.attempts > 0))
    run(session, update(StoreFile).where(unswept).values(sizes_gone()))
    run(session, update(StoreFile).where(mine).values(from_the_start(session, batch.row) | _redo(batch)))
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
    return or_(ended, _unswept(store_id) & ~falls_back())


def _untried(store_id: str, model: str | None) -> ColumnElement[bool]:
    """That a file is completed, and has not failed with a model in its store, or completed since."""
    mine = (FileBatch.vector_store_id == store_id, FileBatch.model == model, BatchFile.status == "failed")
    tried = select(BatchFile.store_file).join(FileBatch, FileBatch.row == BatchFile.batch).where(*mine)
    since = kept_generation() == StoreFile.generation
    return and_(StoreFile.status == "completed", or_(since, StoreFile.row.not_in(tried)))


def _unswept(store_id: str) -> ColumnElement[bool]:
    """That a file's batch has been cancelled, and its row not yet rewritten."""
    cancelled = select(FileBatch.row).where(FileBatch.vector_store_id == store_id, FileBatch.cancelled_at.is_not(None))
    return and_(StoreFile.status.in_(UNFINISHED), StoreFile.batch.in_(cancelled))


def _fell_back(store_id: str) -> ColumnElement[bool]:
    """That a file's last re-index did not complete, so that it is what it was before."""
    ended = and_(StoreFile.status == "completed", kept_generation() < StoreFile.generation)
    return or_(ended, _unswept(store_id) & falls_back())


def _stale(batch: FileBatch, made_with: str) -> ColumnElement[bool]:
    old: ColumnElement[bool] = or_(StoreFile.made_with.is_(None), StoreFile.made_with != made_with)
    if batch.chunk_tokens is None:
        return old
    return or_(old, StoreFile.chunk_tokens != batch.chunk_tokens, StoreFile.chunk_overlap != batch.chunk_overlap)


def _ended_in(batch: FileBatch, statuses: Sequence[Retryable]) -> Select[int]:
    """The members of a batch that ended in it so."""
    ended = [*statuses, "in_progress"] if "cancelled" in statuses and batch.cancelled_at is not None else [*statuses]
    return _members(batch.row).where(BatchFile.status.in_(ended))


def _redo(batch: FileBatch) -> dict[str, Any]:
    """What a re-index gives to rows besides: new chunking at once to those that are not found, else at the end."""
    if not batch.reindex:
        return {}
    tokens = func.coalesce(batch.chunk_tokens, StoreFile.chunk_tokens)
    overlap = func.coalesce(batch.chunk_overlap, StoreFile.chunk_overlap)
    live = StoreFile.live_generation.is_not(None)
    return {
        "redo_tokens": case((live, tokens)),
        "redo_overlap": case((live, overlap)),
        "redo_model": case((live, literal(batch.model, String))) if batch.model is not None else None,
        "chunk_tokens": case((live, StoreFile.chunk_tokens), else_=tokens),
        "chunk_overlap": case((live, StoreFile.chunk_overlap), else_=overlap),
    }


def _reasons(session: Session, batch: int, of: FileBatch | None) -> list[Reason]:
    """Why files had not completed: as they say, or as the re-index says in which they fell back."""
    mine: ColumnElement[bool] = StoreFile.row.in_(_members(batch))
    why: list[Any] = [StoreFile.error_code, StoreFile.error_message]
    if of is not None and of.reindex:
        why = [BatchFile.error_code, BatchFile.error_message]
        mine = and_(BatchFile.batch == of.row, BatchFile.store_file.in_(_members(batch)))
    found = session.execute(
        select(why[0].label("error_code"), why[1].label("error_message"), func.count().label("files"))
        .where(mine)
        .group_by(*why)
        .order_by(func.count().desc(), why[1])
        .limit(REASONS)
    )
    return [Reason(row.error_code or "cancelled", row.error_message or "It was cancelled.", row.files) for row in found]


def _purge(session: Session, which: ColumnElement[bool]) -> None:
    columns = ["kind", "vector_store_id", "store_file", "first", "generation", "due_at", "final"]
    jobs = select(
        literal("purge"),
        StoreFile.vector_store_id,
        StoreFile.row,
        case((falls_back(), kept_generation() + 1), else_=0),
        StoreFile.generation,
        literal(read_clock(session)),
        false(),
    )
    run(session, insert(PointJob).from_select(columns, jobs.where(which)))


def _members(batch: int) -> Select[int]:
    return select(BatchFile.store_file).where(BatchFile.batch == batch)
