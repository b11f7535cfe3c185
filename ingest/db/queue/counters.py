"""The counters of batches and stores. They change in the transaction that changes a file's state.

Locks are taken in the order files, batches, store (ingest/db/locks.py), so no two transitions deadlock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row_prepared, execute_prepared
from ingest.db.models import BatchFile, FileBatch, StoreFile, VectorStore
from ingest.db.queue import point_jobs
from ingest.errors import Abandoned, ModelChanged

Outcome = Literal["completed", "failed", "cancelled"]


@dataclass(frozen=True)
class PointTotals:
    """What the points of files add up to in a store."""

    chunks: int = 0
    terms: int = 0
    usage_bytes: int = 0

    @classmethod
    def of(cls, row: StoreFile) -> "PointTotals":
        """Return the totals of a file's live points."""
        return cls(row.chunks, row.terms, row.usage_bytes)

    def plus(self, other: "PointTotals") -> "PointTotals":
        return PointTotals(self.chunks + other.chunks, self.terms + other.terms, self.usage_bytes + other.usage_bytes)

    def minus(self, other: "PointTotals") -> "PointTotals":
        return PointTotals(self.chunks - other.chunks, self.terms - other.terms, self.usage_bytes - other.usage_bytes)


@dataclass
class CounterDelta:
    """The amounts to add to the counters of a batch or a store."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    def add(self, status: str, amount: int) -> None:
        setattr(self, status, getattr(self, status) + amount)


@dataclass(frozen=True)
class FailureReason:
    """The reason for which a file failed: an error code of the API, and a message."""

    code: str
    message: str


def count_outcome(
    session: Session,
    row: int,
    batch_row: int | None,
    store_id: str,
    outcome: Outcome,
    totals: PointTotals,
    *,
    reason: FailureReason | None = None,
    has_fallback: bool = False,
    epoch: int | None = None,
    languages: int = 0,
) -> None:
    """Count a file that just left `in_progress`: in every batch that waits for it, then in its store.

    A file with a fallback counts as completed in the store, whatever its outcome in the batches. `epoch` is the store's
    at the time of the claim, `languages` those of the file's chunks as a set of bits. Raises Abandoned, which undoes the transaction, when the file's batch was cancelled or its
    store was deleted or expired first; ModelChanged when the store has another epoch.
    """
    delta = CounterDelta(in_progress=-1)
    delta.add(outcome, 1)
    for open_batch in open_batches(session, row):
        if add_to_batch(session, open_batch, delta):
            close_membership(session, open_batch, row, outcome, reason)
        elif open_batch == batch_row:
            raise Abandoned("its batch was cancelled first")
    if has_fallback:
        delta = CounterDelta(in_progress=-1, completed=1)
    add_to_store(session, store_id, delta, totals, epoch=epoch, languages=languages)


def count_failure(
    session: Session,
    reason: FailureReason,
    *,
    row: int,
    generation: int,
    kept_generation: int | None,
    batch_row: int | None,
    store_id: str,
    totals: PointTotals,
    epoch: int | None = None,
) -> None:
    """Count a file that just failed, and purge its points.

    `kept_generation` is the greatest generation that the file keeps because it falls back, None if it keeps none.
    `totals` are those of its live points. Raises as `count_outcome` does.
    """
    if kept_generation is None:
        point_jobs.purge_up_to(session, store_id, [(row, generation)])
        lost = PointTotals().minus(totals)
    else:
        point_jobs.purge_after(session, store_id, [(row, kept_generation, generation)])
        lost = PointTotals()
    has_fallback = kept_generation is not None
    count_outcome(
        session, row, batch_row, store_id, "failed", lost, reason=reason, has_fallback=has_fallback, epoch=epoch
    )


def open_batches(session: Session, row: int) -> Sequence[int]:
    """Return the rows of the batches that wait for a file, usually one."""
    return execute_prepared(session, _OPEN_BATCHES, file=row).scalars().all()


def close_membership(
    session: Session, batch_row: int, row: int, outcome: Outcome, reason: FailureReason | None = None
) -> None:
    """Record a file's outcome in a batch. It never changes again."""
    code, message = (None, None) if reason is None else (reason.code, reason.message)
    execute_prepared(
        session, _CLOSE_MEMBERSHIP, in_batch=batch_row, file=row, outcome=outcome, code=code, message=message
    )


def add_to_batch(session: Session, batch_row: int, delta: CounterDelta) -> bool:
    """Add to a batch's counters. Returns False when it was cancelled, because then they are final."""
    amounts = vars(delta)
    return not any(amounts.values()) or changed_row_prepared(
        session, _ADD_TO_BATCH, changed_batch=batch_row, **_bound(amounts)
    )


def add_to_store(
    session: Session,
    store_id: str,
    delta: CounterDelta,
    totals: PointTotals | None = None,
    *,
    epoch: int | None = None,
    languages: int = 0,
) -> None:
    """Add to a store's counters, and with them its languages.

    Raises Abandoned when the store was deleted or has expired, ModelChanged when it does not have the epoch.
    """
    amounts = vars(delta) | vars(totals or PointTotals())
    if not any(amounts.values()) and not languages:
        return
    added = _bound(amounts | {"languages": languages})
    if epoch is None:
        is_counted = changed_row_prepared(session, _ADD_TO_STORE, changed_store=store_id, **added)
    else:
        is_counted = changed_row_prepared(
            session, _ADD_TO_STORE_IN_EPOCH, changed_store=store_id, expected_epoch=epoch, **added
        )
        nothing = dict.fromkeys(added, 0)
        if not is_counted and changed_row_prepared(session, _ADD_TO_STORE, changed_store=store_id, **nothing):
            raise ModelChanged("its store has changed its embedding model meanwhile")
    if not is_counted:
        raise Abandoned("its store was deleted or has expired")


def _sums(table: type[FileBatch] | type[VectorStore], names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(table, name) + bindparam(f"added_{name}") for name in names}


def _bound(amounts: dict[str, int]) -> dict[str, int]:
    return {f"added_{name}": amount for name, amount in amounts.items()}


# Prepared statements: they run for every file (ingest/db/execute.py).

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
_ADD_TO_BATCH = (
    update(FileBatch)
    .where(FileBatch.row == bindparam("changed_batch"), FileBatch.cancelled_at.is_(None))
    .values(_sums(FileBatch, vars(CounterDelta())))
)
_ADD_TO_STORE = (
    update(VectorStore)
    .where(VectorStore.id == bindparam("changed_store"), VectorStore.is_active)
    .values(
        _sums(VectorStore, vars(CounterDelta()) | vars(PointTotals()))
        | {"languages": VectorStore.languages.bitwise_or(bindparam("added_languages"))}
    )
)
_ADD_TO_STORE_IN_EPOCH = _ADD_TO_STORE.where(VectorStore.epoch == bindparam("expected_epoch"))
