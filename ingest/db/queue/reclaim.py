"""Transition T7 in deploy/docs/reliability.md: take files back from workers that crashed or were stopped."""

from contextlib import suppress
from math import inf

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from ingest.db import predicates
from ingest.db.execute import execute
from ingest.db.models import StoreFile
from ingest.db.queue import transitions
from ingest.db.queue.counters import FailureReason, PointTotals, count_failure
from ingest.db.queue.transitions import lock_rows
from ingest.db.session import now
from ingest.errors import Abandoned

FAR_SECONDS = 60.0
"""Added to twice the lease: another process may have a longer one while a setting is changed."""

ROWS_PER_TRANSACTION = 2_000
"""Rows rewritten in one transaction: about 0.1 s on SQLite, which has one writer at a time."""


def reclaim_expired_leases(session: Session, *, max_crashes: int, lease_seconds: float = inf) -> int:
    """Queue the files whose leases have expired, and fail one of those that crashed `max_crashes` workers.

    A lease that ends later than any lease of `lease_seconds` can is from before the clock went back. It is lost as well: a
    live worker has renewed it since. Returns the number of lost leases that it found; 0 when none is left.
    """
    expired = session.scalars(
        select(StoreFile)
        .where(StoreFile.status == "running", _is_lost(session, lease_seconds), predicates.is_not_abandoned())
        .order_by(StoreFile.row)
        .limit(ROWS_PER_TRANSACTION)
        .with_for_update(skip_locked=True, of=StoreFile)
    ).all()
    for file in expired:
        if file.crashes + 1 < max_crashes:
            values = transitions.requeued() | {"crashes": file.crashes + 1}
            execute(session, update(StoreFile).where(StoreFile.row == file.row).values(values))
    # One failure per transaction: each locks its batches and then its store, so a second one would lock batches after
    # the first one's store, against the lock order.
    poisonous = [file for file in expired if file.crashes + 1 >= max_crashes][:1]
    for file in poisonous:
        with suppress(Abandoned), session.begin_nested():  # cancelled or deleted meanwhile: that outcome stands
            _fail_poisonous(session, file, file.crashes + 1)
    return len(expired)


def _is_lost(session: Session, lease_seconds: float) -> ColumnElement[bool]:
    at = now(session)
    is_expired = StoreFile.lease_until < at
    if lease_seconds == inf:
        return is_expired
    return or_(is_expired, StoreFile.lease_until > at + (2 * lease_seconds + FAR_SECONDS))


def release_machine(session: Session, holder_prefix: str) -> int:
    """Queue the files of all workers of a machine that was stopped. Their crashes are not counted.

    `holder_prefix` is the common prefix of the workers' lease holders. Returns the number of files.
    """
    held = (StoreFile.status == "running", StoreFile.lease_holder.startswith(holder_prefix, autoescape=True))
    rows = lock_rows(session, *held)
    return execute(session, update(StoreFile).where(StoreFile.row.in_(rows)).values(transitions.requeued())).rowcount


def _fail_poisonous(session: Session, file: StoreFile, crashes: int) -> None:
    reason = FailureReason("server_error", f"The file took down its worker {crashes} times and is not tried again.")
    values = transitions.fallen_back() if file.has_fallback else transitions.failed(reason)
    kept = file.kept_generation if file.has_fallback else None
    execute(session, update(StoreFile).where(StoreFile.row == file.row).values(values | {"crashes": crashes}))
    count_failure(
        session,
        reason,
        row=file.row,
        generation=file.generation,
        kept_generation=kept,
        batch_row=file.batch,
        store_id=file.vector_store_id,
        totals=PointTotals.of(file),
    )
