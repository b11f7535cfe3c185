"""Transitions of files, each as one transaction, and a runner for concurrent ones."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from ingest import ids
from ingest.db.content import batches as batch_rows
from ingest.db.models import FileBatch, PointJob, ReindexScope
from ingest.db.queue import cancellation, claims, reclaim, requeue
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.requeue import ReasonCount, RetryableStatus
from ingest.db.session import Database
from ingest.errors import Abandoned
from tests.db import rows

TOTALS = PointTotals(2, 20, 200)
"""Totals of a file that `complete` has completed."""

OUTCOME_TOTALS = PointTotals(1, 10, 100)
"""Totals of a file that `create_outcomes` has completed."""


def run_concurrently(*steps: Callable[[], object]) -> list[object]:
    """Start every step at the same moment in a thread of its own; return their results, or Abandoned if they raised it."""
    barrier = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> object:
        barrier.wait(10)
        try:
            return step()
        except Abandoned:
            return Abandoned

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result(60) for future in [pool.submit(run, step) for step in steps]]


def complete(database: Database, claim: Claim, totals: PointTotals = TOTALS, version: str | None = None) -> bool:
    with database.transaction() as session:
        return claims.complete(session, claim, totals, version)


def complete_row(database: Database, row: int) -> None:
    """Claim and complete a file."""
    assert complete(database, rows.claim(database, row))


def fail(database: Database, claim: Claim, message: str = "late") -> None:
    with database.transaction() as session:
        claims.fail(session, claim, "server_error", message)


def renew(database: Database, claim: Claim) -> bool:
    with database.transaction() as session:
        return claims.renew(session, claim, lease_seconds=30)


def release(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=0)


def undo_claim(database: Database, row: int) -> None:
    with database.transaction() as session:
        claims.undo_claim(session, row, lease_holder=rows.HOLDER)


def reclaim_expired_leases(database: Database) -> int:
    with database.transaction() as session:
        return reclaim.reclaim_expired_leases(session, max_crashes=3)


def cancel_batch(database: Database, batch_id: str, *, mark_files: bool = True) -> bool:
    with database.transaction() as session:
        batch = session.scalars(select(FileBatch).where(FileBatch.id == batch_id)).one()
        is_cancelled = cancellation.cancel_batch(session, batch)
    if mark_files:
        mark_cancelled_files(database)
    return is_cancelled


def mark_cancelled_files(database: Database) -> None:
    with database.transaction() as session:
        while cancellation.mark_cancelled_files(session):
            pass


def read_purges(database: Database) -> list[tuple[int | None, int, int]]:
    """Return the points to purge: row, first and last generation."""
    with database.reading() as session:
        jobs = session.scalars(select(PointJob).order_by(PointJob.row))
        return [(job.store_file, job.first_generation, job.last_generation) for job in jobs]


def create_outcomes(database: Database, store: str, *messages: str) -> tuple[str, list[str]]:
    """Attach a batch whose files failed with these messages, or completed where a message is empty.

    Returns the ids of the batch and of its files.
    """
    files = rows.create_files(database, len(messages))
    batch = rows.attach_batch(database, store, files)
    for file_id, message in zip(files, messages, strict=True):
        claim = rows.claim(database, rows.get_row(database, store, file_id).row)
        with database.transaction() as session:
            if message:
                claims.fail(session, claim, "invalid_file", message)
            else:
                claims.complete(session, claim, OUTCOME_TOTALS)
    return batch, files


def retry(
    database: Database,
    store: str,
    statuses: Sequence[RetryableStatus],
    *,
    of_batch: str | None = None,
    limit: int = 1_000,
) -> tuple[str, list[ReasonCount]]:
    """Retry files and return the new batch's id, and the reasons."""
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=1)
    with database.transaction() as session:
        retried_row = None
        if of_batch is not None:
            retried = batch_rows.get_batch(session, store, of_batch)
            assert retried is not None
            retried_row = retried.row
        reasons = requeue.retry(session, batch, statuses, of_batch=retried_row, limit=limit)
    return batch.id, reasons


def reindex(
    database: Database, store: str, only: ReindexScope = "all", *, tokens: int | None = None, version: str = "today"
) -> str:
    """Re-index files and return the new batch's id."""
    overlap = None if tokens is None else 0
    batch = FileBatch(
        id=ids.new("vsfb_"), vector_store_id=store, created_at=1, chunk_tokens=tokens, chunk_overlap=overlap
    )
    with database.transaction() as session:
        requeue.reindex(session, batch, only, pipeline_version=version, limit=1_000)
    return batch.id


def has_lost_claim(database: Database, claim: Claim) -> bool:
    """Return whether a worker can neither complete, fail, release nor renew its claim."""
    for end in (complete, fail, release):
        try:
            end(database, claim)
        except Abandoned:
            continue
        return False
    return not renew(database, claim)
