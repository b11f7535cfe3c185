"""Files that are processed again: retries, re-indexes, migrations to another model, and repairs of lost points.

They run as a new batch, because a batch that has ended never changes (deploy/docs/decisions/0004-batch-membership.md).
Each keeps its attributes, and its chunking unless a re-index asks for another one. The number of statements does not
depend on the number of files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, and_, case, false, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import execute
from ingest.db.id_slices import slices
from ingest.db.models import BatchFile, FileBatch, ReindexScope, StoreFile
from ingest.db.queue import api_status, point_jobs, transitions
from ingest.db.queue.api_status import is_in_cancelled_batch
from ingest.db.queue.counters import CounterDelta, PointTotals, add_to_batch, add_to_store
from ingest.status import UNFINISHED

RetryableStatus = Literal["failed", "cancelled"]

MAX_REASONS = 100
"""Different reasons in an answer, the most frequent first. Some messages name details of one file."""


@dataclass(frozen=True)
class ReasonCount:
    """A reason for which files had not completed, and the number of files."""

    code: str
    message: str
    files: int


def retry(
    session: Session, batch: FileBatch, statuses: Sequence[RetryableStatus], *, of_batch: int | None, limit: int
) -> list[ReasonCount]:
    """Requeue up to `limit` files with these statuses as `batch`: files of a store, or of one of its batches.

    If that batch is a re-index, its files that fell back are indexed again as it asked. Returns the reasons for which the
    files had not completed. Without files no batch is made. Raises Abandoned when the store was deleted or has expired.
    """
    retried = None if of_batch is None else session.get(FileBatch, of_batch)
    candidates: ColumnElement[bool] = _has_status(batch.vector_store_id, statuses)
    if retried is not None and retried.reindex:
        batch.reindex, batch.model = True, retried.model
        batch.chunk_tokens, batch.chunk_overlap = retried.chunk_tokens, retried.chunk_overlap
        ended_there = StoreFile.row.in_(_members_with_status(retried, statuses))
        candidates = or_(candidates, _has_fallen_back(batch.vector_store_id)) & ended_there
    elif retried is not None:
        candidates = candidates & StoreFile.row.in_(_members(retried.row))
    if not _create_batch(session, batch, [candidates], limit):
        return []
    reasons = _count_reasons(session, batch.row, retried)
    _requeue_members(session, batch)
    return reasons


def reindex(session: Session, batch: FileBatch, only: ReindexScope, *, pipeline_version: str, limit: int) -> None:
    """Index up to `limit` files of a store again as `batch`, which has the chunking and may stay empty.

    `only` is `all`; `failed`, which includes files that fell back; `stale`, files whose points were made by another
    `pipeline_version` than this one or with another chunking; or `warnings`, files with warnings. Search finds a completed file by its live points until the
    new ones are complete. Files in progress and cancelled files are skipped. Raises Abandoned as `retry` does.
    """
    batch.reindex = True
    completed = api_status.is_completed(is_in_cancelled_batch(batch.vector_store_id))
    failed = or_(StoreFile.status == "failed", _has_fallen_back(batch.vector_store_id))
    candidates = {
        "all": or_(completed, failed),
        "failed": failed,
        "stale": completed & _is_stale(batch, pipeline_version),
        "warnings": completed & StoreFile.has_warnings,
    }[only]
    if _create_batch(session, batch, [candidates], limit, keep_empty=True):
        _requeue_members(session, batch)


def reindex_for_model(
    session: Session, batch: FileBatch, needed: ColumnElement[bool], *, again: bool, limit: int
) -> int:
    """Index up to `limit` completed files of a store that are `needed` again, with the model of `batch`.

    Files in progress are skipped; unless `again`, also files that failed with that model before. `again` is true when a
    user asked, who then gets a batch even without files. Returns the number of files. Raises Abandoned as `retry` does.
    """
    batch.reindex = True
    store_id = batch.vector_store_id
    completed = (
        api_status.is_completed(is_in_cancelled_batch(store_id)) if again else _is_untried_with(store_id, batch.model)
    )
    count = _create_batch(session, batch, [completed & needed], limit, keep_empty=again)
    if count:
        _requeue_members(session, batch)
    return count


def has_files_for_model(session: Session, store_id: str, model: str, needed: ColumnElement[bool]) -> bool:
    """Return whether `reindex_for_model` would find a file without `again`."""
    candidates = (StoreFile.vector_store_id == store_id, needed, _is_untried_with(store_id, model))
    return session.scalar(select(StoreFile.row).where(*candidates).limit(1)) is not None


def rewrite_points(session: Session, batch: FileBatch, rows: Sequence[int]) -> int:
    """Write the points of completed files again as `batch`; their live points stay until then.

    Returns the number of files that still were completed. Without files no batch is made. Raises Abandoned as `retry`
    does.
    """
    completed = StoreFile.status == "completed"
    candidates = [completed & StoreFile.row.in_(some) for some in slices(rows)]
    count = _create_batch(session, batch, candidates, len(rows))
    if count:
        _requeue_members(session, batch)
    return count


def _create_batch(
    session: Session,
    batch: FileBatch,
    candidates: Sequence[ColumnElement[bool]],
    limit: int,
    *,
    keep_empty: bool = False,
) -> int:
    """Lock up to `limit` candidates in the store for each condition, make them members of a new batch and count them."""
    locks.advisory_lock(session, locks.store_membership(batch.vector_store_id))
    session.add(batch)
    session.flush()
    for condition in candidates:
        in_store = (StoreFile.vector_store_id == batch.vector_store_id, condition)
        rows = select(StoreFile.row).where(*in_store).order_by(StoreFile.row).limit(limit).with_for_update().subquery()
        members = select(literal(batch.row), rows.c.row, literal("in_progress"))
        execute(session, insert(BatchFile).from_select(["batch", "store_file", "status"], members))
    count = session.scalar(select(func.count()).where(BatchFile.batch == batch.row)) or 0
    if not count and not keep_empty:
        session.delete(batch)
        session.flush()
    return count


def _requeue_members(session: Session, batch: FileBatch) -> None:
    """Queue the members of a new batch with new generations, and change the counters of batch and store."""
    is_member = StoreFile.row.in_(_members(batch.row))
    is_unfinished = StoreFile.status.in_(UNFINISHED)
    # An unfinished candidate was cancelled with its batch, and its row still has the state from before.
    cancelled = and_(is_member, is_unfinished, ~StoreFile.has_fallback)
    status = api_status.status_when_cancelled()
    counts = session.execute(select(status, func.count()).where(is_member).group_by(status)).all()
    sums = [func.coalesce(func.sum(getattr(StoreFile, name)), 0) for name in vars(PointTotals())]
    lost = PointTotals(*(int(amount) for amount in session.execute(select(*sums).where(cancelled)).one()))
    _purge(session, and_(cancelled, StoreFile.fence > 0))
    _purge(session, and_(is_member, is_unfinished, StoreFile.has_fallback, StoreFile.attempts > 0))
    execute(session, update(StoreFile).where(cancelled).values(transitions.without_points()))
    values = transitions.new_generation(session, batch.row) | _pending_values(batch)
    execute(session, update(StoreFile).where(is_member).values(values))
    delta = CounterDelta()
    for former_status, count in counts:
        delta.add(former_status, -count)
        delta.add("in_progress", count)
    add_to_batch(session, batch.row, CounterDelta(in_progress=delta.in_progress))
    add_to_store(session, batch.vector_store_id, delta, PointTotals().minus(lost))


def _has_status(store_id: str, statuses: Sequence[RetryableStatus]) -> ColumnElement[bool]:
    """Match files that the API shows with one of these statuses."""
    is_failed = StoreFile.status == "failed"
    is_cancelled = api_status.is_cancelled(is_in_cancelled_batch(store_id))
    return or_(false(), *({"failed": is_failed, "cancelled": is_cancelled}[status] for status in statuses))


def _is_untried_with(store_id: str, model: str | None) -> ColumnElement[bool]:
    """Match completed files that have not failed with a model in the store, or have completed since."""
    failed = (FileBatch.vector_store_id == store_id, FileBatch.model == model, BatchFile.status == "failed")
    tried = select(BatchFile.store_file).join(FileBatch, FileBatch.row == BatchFile.batch).where(*failed)
    has_completed_since = StoreFile.kept_generation == StoreFile.generation
    return and_(StoreFile.status == "completed", or_(has_completed_since, StoreFile.row.not_in(tried)))


def _has_fallen_back(store_id: str) -> ColumnElement[bool]:
    """Match files whose last re-index did not complete."""
    ended = and_(StoreFile.status == "completed", StoreFile.kept_generation < StoreFile.generation)
    return or_(ended, is_in_cancelled_batch(store_id) & StoreFile.has_fallback)


def _is_stale(batch: FileBatch, pipeline_version: str) -> ColumnElement[bool]:
    """Match files whose points another pipeline version or another chunking produced."""
    is_outdated: ColumnElement[bool] = or_(
        StoreFile.pipeline_version.is_(None), StoreFile.pipeline_version != pipeline_version
    )
    if batch.chunk_tokens is None:
        return is_outdated
    return or_(
        is_outdated, StoreFile.chunk_tokens != batch.chunk_tokens, StoreFile.chunk_overlap != batch.chunk_overlap
    )


def _members_with_status(batch: FileBatch, statuses: Sequence[RetryableStatus]) -> Select[int]:
    """Select the members of a batch that have one of these outcomes in it."""
    outcomes: list[str] = [*statuses]
    if "cancelled" in statuses and batch.cancelled_at is not None:
        outcomes.append("in_progress")  # cancelled with their batch, but not marked yet
    return _members(batch.row).where(BatchFile.status.in_(outcomes))


def _pending_values(batch: FileBatch) -> dict[str, Any]:
    """Return the chunking and model of a re-index: pending for files with live points, at once for the others."""
    if not batch.reindex:
        return {}
    tokens = func.coalesce(batch.chunk_tokens, StoreFile.chunk_tokens)
    overlap = func.coalesce(batch.chunk_overlap, StoreFile.chunk_overlap)
    is_live = StoreFile.live_generation.is_not(None)
    return {
        "pending_chunk_tokens": case((is_live, tokens)),
        "pending_chunk_overlap": case((is_live, overlap)),
        "pending_model": case((is_live, literal(batch.model, String))) if batch.model is not None else None,
        "chunk_tokens": case((is_live, StoreFile.chunk_tokens), else_=tokens),
        "chunk_overlap": case((is_live, StoreFile.chunk_overlap), else_=overlap),
    }


def _count_reasons(session: Session, batch_row: int, retried: FileBatch | None) -> list[ReasonCount]:
    """Count the reasons of a new batch's members: their own errors, or those in the re-index that is retried."""
    is_member: ColumnElement[bool] = StoreFile.row.in_(_members(batch_row))
    error: list[Any] = [StoreFile.error_code, StoreFile.error_message]
    if retried is not None and retried.reindex:
        error = [BatchFile.error_code, BatchFile.error_message]
        is_member = and_(BatchFile.batch == retried.row, BatchFile.store_file.in_(_members(batch_row)))
    code, message = error
    counts = session.execute(
        select(code.label("error_code"), message.label("error_message"), func.count().label("files"))
        .where(is_member)
        .group_by(code, message)
        .order_by(func.count().desc(), message)
        .limit(MAX_REASONS)
    )
    return [
        ReasonCount(row.error_code or "cancelled", row.error_message or "It was cancelled.", row.files)
        for row in counts
    ]


def _purge(session: Session, files: ColumnElement[bool]) -> None:
    """Purge what the last workers of the files may have written. Files with a fallback keep their kept generations."""
    first = case((StoreFile.has_fallback, StoreFile.kept_generation + 1), else_=literal(0))
    point_jobs.purge_where(session, files, first, StoreFile.generation.expression)


def _members(batch_row: int) -> Select[int]:
    return select(BatchFile.store_file).where(BatchFile.batch == batch_row)
