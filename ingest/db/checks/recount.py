"""The counters of stores and batches against their files: what `ingest verify` compares, and puts right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import BatchFile, FileBatch, StoreFile, VectorStore
from ingest.db.queue.counters import falls_back
from ingest.status import UNFINISHED

PAGE = 500
COUNTERS = ("in_progress", "completed", "failed", "cancelled")
SIZES = ("chunks", "terms", "usage_bytes")


@dataclass(frozen=True)
class Counted:
    """A store's or batch's counters as they are kept, and as counting its files gives them."""

    row: int
    id: str
    kept: dict[str, int]
    counted: dict[str, int]

    @property
    def agrees(self) -> bool:
        return self.kept == self.counted

    @property
    def difference(self) -> str:
        """The counters that are wrong, in words."""
        wrong = [name for name in self.kept if self.kept[name] != self.counted[name]]
        return ", ".join(f"{name} is kept as {self.kept[name]}, counted {self.counted[name]}" for name in wrong)


def stores(session: Session, after_row: int) -> list[Counted]:
    """A page of the stores, by row number; the deleted ones count nothing any more."""
    found = session.scalars(
        select(VectorStore)
        .where(VectorStore.deleted_at.is_(None), VectorStore.row > after_row)
        .order_by(VectorStore.row)
        .limit(PAGE)
    ).all()
    counted = _files_of(session, [store.id for store in found if store.expired_at is None])
    return [_compared(store, counted.get(store.id, {}), (*COUNTERS, *SIZES)) for store in found]


def batches(session: Session, after_row: int) -> list[Counted]:
    """A page of the batches, by row number."""
    found = session.scalars(
        select(FileBatch).where(FileBatch.row > after_row).order_by(FileBatch.row).limit(PAGE)
    ).all()
    counted = _members_of(session, [batch.row for batch in found])
    return [_compared(batch, counted.get(batch.row, {}), COUNTERS) for batch in found]


def put_right_store(session: Session, store_id: str) -> Counted | None:
    """Set a store's counters to what counting gives; what they were, or None when it has ended.

    Whoever changes a file's state changes its store's row in the same transaction. While we hold that row, what has
    been committed is counted, and what has not is added to our result.
    """
    alive = (VectorStore.id == store_id, VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    store = session.scalar(select(VectorStore).where(*alive).with_for_update())
    if store is None:
        return None
    counted = _compared(store, _files_of(session, [store_id]).get(store_id, {}), (*COUNTERS, *SIZES))
    run(session, update(VectorStore).where(VectorStore.row == store.row).values(counted.counted))
    return counted


def put_right_batch(session: Session, batch_row: int) -> Counted | None:
    """Set a batch's counters to what counting its files' outcomes gives; as `put_right_store`."""
    batch = session.scalar(select(FileBatch).where(FileBatch.row == batch_row).with_for_update())
    if batch is None:
        return None
    counted = _compared(batch, _members_of(session, [batch_row]).get(batch_row, {}), COUNTERS)
    run(session, update(FileBatch).where(FileBatch.row == batch_row).values(counted.counted))
    return counted


def _files_of(session: Session, store_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    shown = case(
        (StoreFile.status.not_in(UNFINISHED), StoreFile.status),
        (FileBatch.cancelled_at.is_(None), "in_progress"),
        (falls_back(), "completed"),
        else_="cancelled",
    )
    sums = [func.sum(getattr(StoreFile, name)).label(name) for name in SIZES]
    found = session.execute(
        select(StoreFile.vector_store_id, shown.label("status"), func.count().label("files"), *sums)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.vector_store_id.in_(store_ids))
        .group_by(StoreFile.vector_store_id, shown)
    )
    counted: dict[str, dict[str, int]] = {}
    for row in found:
        mine = counted.setdefault(row.vector_store_id, {})
        mine[row.status] = row.files
        for name in SIZES:
            mine[name] = mine.get(name, 0) + int(getattr(row, name))
    return counted


def _members_of(session: Session, batch_rows: Sequence[int]) -> dict[int, dict[str, int]]:
    shown = case(
        ((BatchFile.status == "in_progress") & FileBatch.cancelled_at.is_not(None), "cancelled"),
        else_=BatchFile.status,
    )
    found = session.execute(
        select(BatchFile.batch, shown.label("status"), func.count().label("files"))
        .join(FileBatch, FileBatch.row == BatchFile.batch)
        .where(BatchFile.batch.in_(batch_rows))
        .group_by(BatchFile.batch, shown)
    )
    counted: dict[int, dict[str, int]] = {}
    for row in found:
        counted.setdefault(row.batch, {})[row.status] = row.files
    return counted


def _compared(kept: Any, counted: dict[str, int], names: tuple[str, ...]) -> Counted:
    return Counted(
        kept.row, kept.id, {name: getattr(kept, name) for name in names}, {name: counted.get(name, 0) for name in names}
    )
