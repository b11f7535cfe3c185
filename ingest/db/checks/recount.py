"""Recount the files of stores and batches: `ingest verify` compares the stored counters and corrects them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.models import BatchFile, FileBatch, StoreFile, VectorStore
from ingest.status import UNFINISHED

PAGE = 500
COUNTERS = ("in_progress", "completed", "failed", "cancelled")
SIZES = ("chunks", "terms", "usage_bytes")


@dataclass(frozen=True)
class RecountedCounters:
    """The counters of a store or a batch, as stored and as counting its files gives them."""

    row: int
    id: str
    stored: dict[str, int]
    counted: dict[str, int]

    @property
    def is_correct(self) -> bool:
        return self.stored == self.counted

    @property
    def difference(self) -> str:
        """A description of the wrong counters."""
        wrong = [name for name in self.stored if self.stored[name] != self.counted[name]]
        return ", ".join(f"{name} is stored as {self.stored[name]}, counted {self.counted[name]}" for name in wrong)


def recount_stores(session: Session, after_row: int) -> list[RecountedCounters]:
    """Return a page of the stores that are not deleted, by row number."""
    stores = session.scalars(
        select(VectorStore)
        .where(~VectorStore.is_deleted, VectorStore.row > after_row)
        .order_by(VectorStore.row)
        .limit(PAGE)
    ).all()
    counted = _count_files(session, [store.id for store in stores if store.expired_at is None])
    return [_compare(store, counted.get(store.id, {}), (*COUNTERS, *SIZES)) for store in stores]


def recount_batches(session: Session, after_row: int) -> list[RecountedCounters]:
    """Return a page of the batches, by row number."""
    batches = session.scalars(
        select(FileBatch).where(FileBatch.row > after_row).order_by(FileBatch.row).limit(PAGE)
    ).all()
    counted = _count_members(session, [batch.row for batch in batches])
    return [_compare(batch, counted.get(batch.row, {}), COUNTERS) for batch in batches]


def correct_store(session: Session, store_id: str) -> RecountedCounters | None:
    """Set a store's counters to the recounted ones. Returns both, or None when the store is not active any more.

    Every change of a file's state also changes its store's row, in the same transaction. While this transaction holds that
    row, committed changes are counted, and the others are added to the corrected counters later.
    """
    is_active = (VectorStore.id == store_id, VectorStore.is_active)
    store = session.scalar(select(VectorStore).where(*is_active).with_for_update())
    if store is None:
        return None
    counted = _compare(store, _count_files(session, [store_id]).get(store_id, {}), (*COUNTERS, *SIZES))
    execute(session, update(VectorStore).where(VectorStore.row == store.row).values(counted.counted))
    return counted


def correct_batch(session: Session, batch_row: int) -> RecountedCounters | None:
    """Set a batch's counters to the recounted outcomes of its files, as `correct_store`."""
    batch = session.scalar(select(FileBatch).where(FileBatch.row == batch_row).with_for_update())
    if batch is None:
        return None
    counted = _compare(batch, _count_members(session, [batch_row]).get(batch_row, {}), COUNTERS)
    execute(session, update(FileBatch).where(FileBatch.row == batch_row).values(counted.counted))
    return counted


def _count_files(session: Session, store_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    api_status = case(
        (StoreFile.status.not_in(UNFINISHED), StoreFile.status),
        (FileBatch.cancelled_at.is_(None), "in_progress"),
        (StoreFile.has_fallback, "completed"),
        else_="cancelled",
    )
    sums = [func.sum(getattr(StoreFile, name)).label(name) for name in SIZES]
    rows = session.execute(
        select(StoreFile.vector_store_id, api_status.label("status"), func.count().label("files"), *sums)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.vector_store_id.in_(store_ids))
        .group_by(StoreFile.vector_store_id, api_status)
    )
    counted: dict[str, dict[str, int]] = {}
    for row in rows:
        of_store = counted.setdefault(row.vector_store_id, {})
        of_store[row.status] = row.files
        for name in SIZES:
            of_store[name] = of_store.get(name, 0) + int(getattr(row, name))
    return counted


def _count_members(session: Session, batch_rows: Sequence[int]) -> dict[int, dict[str, int]]:
    outcome = case(
        ((BatchFile.status == "in_progress") & FileBatch.cancelled_at.is_not(None), "cancelled"),
        else_=BatchFile.status,
    )
    rows = session.execute(
        select(BatchFile.batch, outcome.label("status"), func.count().label("files"))
        .join(FileBatch, FileBatch.row == BatchFile.batch)
        .where(BatchFile.batch.in_(batch_rows))
        .group_by(BatchFile.batch, outcome)
    )
    counted: dict[int, dict[str, int]] = {}
    for row in rows:
        counted.setdefault(row.batch, {})[row.status] = row.files
    return counted


def _compare(row: Any, counted: dict[str, int], names: tuple[str, ...]) -> RecountedCounters:
    return RecountedCounters(
        row.row, row.id, {name: getattr(row, name) for name in names}, {name: counted.get(name, 0) for name in names}
    )
