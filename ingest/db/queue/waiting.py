"""What unfinished files wait for, as far as their rows say. The cost of every function is bounded, however many files wait."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.status import ParseLane

MAX_COUNT = 10_000
"""Counts end here: a longer queue is as long to its reader."""

MAX_LEASES = 50
"""Leases of a batch that are read at most."""


@dataclass(frozen=True)
class BatchFacts:
    """What the files of a batch do."""

    model: str
    """The embedding model of the batch's new points."""
    queued_lanes: tuple[ParseLane, ...]
    """The lanes that have queued files of the batch."""
    leases: tuple[tuple[str, float], ...]
    """Holder and end of the leases on files of the batch, MAX_LEASES at most."""


@dataclass(frozen=True)
class FilesByModel:
    """Unfinished files of the stores with one embedding model."""

    model: str
    files: int


def read_batch_facts(session: Session, batch_row: int) -> BatchFacts | None:
    """Return what the files of a batch do; None if the batch is gone."""
    models = select(func.coalesce(FileBatch.model, VectorStore.model)).join(
        VectorStore, VectorStore.id == FileBatch.vector_store_id
    )
    model = session.scalar(models.where(FileBatch.row == batch_row))
    if model is None:
        return None
    of_batch = StoreFile.batch == batch_row
    leases = session.execute(
        select(StoreFile.lease_holder, StoreFile.lease_until)
        .where(of_batch, StoreFile.status == "running")
        .limit(MAX_LEASES)
    )
    lanes: tuple[ParseLane, ...] = ("fast", "slow")
    return BatchFacts(
        model,
        tuple(lane for lane in lanes if _is_any_queued(session, of_batch, StoreFile.lane == lane)),
        tuple((holder or "", until or 0.0) for holder, until in leases),
    )


def model_of_store(session: Session, store_id: str) -> str | None:
    """Return the embedding model of a store's new files."""
    return session.scalar(select(VectorStore.model).where(VectorStore.id == store_id))


def count_other_batches(session: Session, batch_row: int | None) -> int:
    """Count the unfinished batches besides this one."""
    others = (FileBatch.in_progress > 0, *(() if batch_row is None else (FileBatch.row != batch_row,)))
    return _count(session, select(FileBatch.row).where(*others))


def count_slow(session: Session) -> int:
    """Count the queued files that need OCR."""
    return _count(session, select(StoreFile.row).where(StoreFile.status == "queued", StoreFile.lane == "slow"))


def count_ahead(session: Session, row: int, batch_row: int | None, lane: ParseLane) -> int:
    """Count the queued files before a file: those of its batch, or the other single files."""
    same = StoreFile.batch == batch_row if batch_row is not None else StoreFile.batch.is_(None)
    before = (same, StoreFile.lane == lane, StoreFile.status == "queued", StoreFile.row < row)
    return _count(session, select(StoreFile.row).where(*before))


def count_by_model(session: Session) -> list[FilesByModel]:
    """Return the unfinished files by the embedding model of their stores."""
    counted = (
        select(VectorStore.model, func.sum(VectorStore.in_progress))
        .where(VectorStore.is_active)
        .group_by(VectorStore.model)
        .order_by(VectorStore.model)
    )
    return [FilesByModel(model, int(files)) for model, files in session.execute(counted)]


def _is_any_queued(session: Session, *conditions: ColumnElement[bool]) -> bool:
    return bool(session.scalar(select(exists().where(StoreFile.status == "queued", *conditions))))


def _count(session: Session, rows: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(rows.limit(MAX_COUNT).subquery())) or 0
