"""Transition T8 in deploy/docs/reliability.md: cancel a batch.

`cancel_batch` sets a flag and the counters, in a time that does not depend on the number of files. From then on the API
shows the batch's files as cancelled. `mark_cancelled_files` rewrites their rows afterwards.
"""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import changed_row, execute
from ingest.db.models import BatchFile, FileBatch, StoreFile
from ingest.db.queue import model_migration, point_jobs, transitions
from ingest.db.queue.counters import CounterDelta, PointTotals, add_to_batch, add_to_store, close_membership
from ingest.db.queue.reclaim import ROWS_PER_TRANSACTION
from ingest.db.session import now
from ingest.errors import Abandoned
from ingest.status import UNFINISHED


def cancel_batch(session: Session, batch: FileBatch) -> bool:
    """Cancel the unfinished files of a batch. Returns False when none is left."""
    if batch.model is not None:
        locks.advisory_lock(session, locks.store_membership(batch.vector_store_id))
    is_cancelled = changed_row(
        session,
        update(FileBatch)
        .where(FileBatch.row == batch.row, FileBatch.cancelled_at.is_(None), FileBatch.in_progress > 0)
        .values(cancelled_at=now(session), cancelled=FileBatch.cancelled + FileBatch.in_progress, in_progress=0),
    )
    if is_cancelled:
        # The batch's row is locked. Every transition of its files needs that lock, so the count below is exact.
        unfinished = (StoreFile.batch == batch.row, StoreFile.status.in_(UNFINISHED))
        counts = select(func.count(), func.count(StoreFile.pending_chunk_tokens))
        count, falling_back = session.execute(counts.where(*unfinished)).one()
        delta = CounterDelta(in_progress=-count, completed=falling_back, cancelled=count - falling_back)
        add_to_store(session, batch.vector_store_id, delta)
    # A batch of a migration that ended with a failed file leaves its store in migration. Cancelling that batch ends it.
    if batch.model is not None and (is_cancelled or not model_migration.has_open_batch_to_same_model(session, batch)):
        model_migration.cancel_migration(session, batch)
    return is_cancelled


def mark_cancelled_files(session: Session, batch_row: int | None = None, *, limit: int = ROWS_PER_TRANSACTION) -> int:
    """Rewrite up to `limit` files of a cancelled batch: of this one, or of the first that has some.

    Returns 0 when nothing is left to do, otherwise one more than the number of files.
    `cancel_batch` has counted them already.
    """
    one_batch = [] if batch_row is None else [FileBatch.row == batch_row]
    batch = session.execute(
        select(FileBatch.row, FileBatch.vector_store_id)
        .where(FileBatch.cancelled_at.is_not(None), ~FileBatch.swept, *one_batch)
        .order_by(FileBatch.row)
        .limit(1)
    ).first()
    if batch is None:
        return 0
    locks.advisory_lock(session, locks.cancelled_batch(batch.row))
    files = session.scalars(
        select(StoreFile)
        .where(StoreFile.batch == batch.row, StoreFile.status.in_(UNFINISHED))
        .order_by(StoreFile.row)
        .limit(limit)
        .with_for_update(of=StoreFile)
    ).all()
    cancelled = [file for file in files if not file.has_fallback]
    _rewrite_rows(session, batch.vector_store_id, cancelled, [file for file in files if file.has_fallback])
    _close_memberships(session, batch.row, [file.row for file in files])
    if len(files) < limit:
        still_open = (BatchFile.batch == batch.row, BatchFile.status == "in_progress")
        execute(session, update(BatchFile).where(*still_open).values(status="cancelled"))
        execute(session, update(FileBatch).where(FileBatch.row == batch.row).values(swept=True))
    lost = PointTotals(
        sum(file.chunks for file in cancelled),
        sum(file.terms for file in cancelled),
        sum(file.usage_bytes for file in cancelled),
    )
    with suppress(Abandoned):  # a deleted store has no totals
        add_to_store(session, batch.vector_store_id, CounterDelta(), PointTotals().minus(lost))
    return len(files) + 1


def _rewrite_rows(
    session: Session, store_id: str, cancelled: Sequence[StoreFile], falling_back: Sequence[StoreFile]
) -> None:
    """Write the states of cancelled files and of files that fall back, and purge what their workers may have written."""
    values = transitions.lease_ended() | {"status": "cancelled"} | transitions.without_points()
    execute(session, update(StoreFile).where(StoreFile.row.in_([f.row for f in cancelled])).values(values))
    values = transitions.fallen_back()
    execute(session, update(StoreFile).where(StoreFile.row.in_([f.row for f in falling_back])).values(values))
    # A file that no worker has claimed has no points.
    point_jobs.purge_up_to(session, store_id, [(f.row, f.generation) for f in cancelled if f.fence > 0])
    claimed = [f for f in falling_back if f.attempts > 0]
    point_jobs.purge_after(session, store_id, [(f.row, f.kept_generation, f.generation) for f in claimed])


def _close_memberships(session: Session, batch_row: int, rows: Sequence[int]) -> None:
    """Close the files' memberships in their cancelled batch, and count them in the other batches that wait for them."""
    waiting = select(BatchFile.batch).where(BatchFile.store_file.in_(rows), BatchFile.status == "in_progress")
    affected = or_(FileBatch.row == batch_row, FileBatch.row.in_(waiting))
    session.execute(select(FileBatch.row).where(affected).order_by(FileBatch.row).with_for_update())
    in_this_batch = (BatchFile.batch == batch_row, BatchFile.store_file.in_(rows))
    execute(session, update(BatchFile).where(*in_this_batch).values(status="cancelled"))
    others = session.execute(
        select(BatchFile.batch, BatchFile.store_file)
        .where(BatchFile.store_file.in_(rows), BatchFile.status == "in_progress")
        .order_by(BatchFile.batch)
    ).all()
    for other_batch, row in others:
        if add_to_batch(session, other_batch, CounterDelta(in_progress=-1, cancelled=1)):
            close_membership(session, other_batch, row, "cancelled")
