"""What the rows say of themselves and of points and blobs: the database's side of `ingest verify`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from ingest.db.models import BatchFile, File, FileBatch, PointJob, StoreFile, UploadPart, VectorStore
from ingest.db.session import now
from ingest.status import UNFINISHED

PAGE = 5_000
COUNTERS = ("in_progress", "completed", "failed", "cancelled")
SIZES = ("chunks", "terms", "usage_bytes")


@dataclass(frozen=True)
class Counted:
    """A store's or batch's counters as they are kept, and as counting its files gives them."""

    id: str
    kept: dict[str, int]
    counted: dict[str, int]


def store_counters(session: Session) -> Iterator[Counted]:
    """Every store, one statement for all."""
    shown = case(
        (StoreFile.status.not_in(UNFINISHED), StoreFile.status),
        (FileBatch.cancelled_at.is_not(None), "cancelled"),
        else_="in_progress",
    )
    grouped = (
        select(StoreFile.vector_store_id, shown.label("status"), func.count().label("files"), *_sums())
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.vector_store_id.not_in(_expired()))
        .group_by(StoreFile.vector_store_id, shown)
    )
    counted: dict[str, dict[str, int]] = {}
    for row in session.execute(grouped):
        mine = counted.setdefault(row.vector_store_id, {})
        mine[row.status] = row.files
        for name in SIZES:
            mine[name] = mine.get(name, 0) + int(getattr(row, name))
    for store in session.scalars(select(VectorStore).where(VectorStore.deleted_at.is_(None))):
        yield _counted(store, counted.get(store.id, {}), (*COUNTERS, *SIZES))


def batch_counters(session: Session) -> Iterator[Counted]:
    """Every batch, one statement for all."""
    shown = case(
        ((BatchFile.status == "in_progress") & FileBatch.cancelled_at.is_not(None), "cancelled"),
        else_=BatchFile.status,
    )
    grouped = (
        select(BatchFile.batch, shown.label("status"), func.count().label("files"))
        .join(FileBatch, FileBatch.row == BatchFile.batch)
        .group_by(BatchFile.batch, shown)
    )
    counted: dict[int, dict[str, int]] = {}
    for row in session.execute(grouped):
        counted.setdefault(row.batch, {})[row.status] = row.files
    for batch in session.scalars(select(FileBatch)):
        yield _counted(batch, counted.get(batch.row, {}), COUNTERS)


@dataclass(frozen=True)
class Expected:
    """The points that a row may have: `live` of them exactly, of `generation`; others only while they are written."""

    row: int
    vector_store_id: str
    file_id: str
    live: int
    generation: int | None
    writing: int | None
    """The generation that is being written, if one is."""


def expected_points(session: Session, after_row: int) -> list[Expected]:
    """A page of rows, by row number; those of an expired store are about to go and answer for no points."""
    found = session.execute(
        select(
            StoreFile.row,
            StoreFile.vector_store_id,
            StoreFile.file_id,
            StoreFile.chunks,
            StoreFile.live_generation,
            StoreFile.generation,
            StoreFile.status,
        )
        .where(StoreFile.row > after_row, StoreFile.vector_store_id.not_in(_expired()))
        .order_by(StoreFile.row)
        .limit(PAGE)
    )
    return [_expected(row) for row in found]


def expected_of(session: Session, row: int) -> Expected | None:
    """One row's points, or None when it does not exist (any more)."""
    pages = expected_points(session, row - 1)
    return pages[0] if pages and pages[0].row == row else None


def has_point_job(session: Session, row: int, vector_store_id: str) -> bool:
    """Whether points of this row are on the list to be deleted."""
    whole_store = PointJob.store_file.is_(None) & (PointJob.vector_store_id == vector_store_id)
    listed = select(PointJob.row).where((PointJob.store_file == row) | whole_store).limit(1)
    return session.scalar(listed) is not None


def stuck(session: Session, *, grace_seconds: float) -> list[str]:
    """Files whose worker fell silent so long ago that a sweep should have taken them back."""
    return list(
        session.scalars(
            select(StoreFile.file_id).where(
                StoreFile.status == "running", StoreFile.lease_until < now(session) - grace_seconds
            )
        )
    )


def blobs(session: Session, after_row: int) -> list[tuple[int, str, str]]:
    """A page of files as (row, id, blob)."""
    found = session.execute(
        select(File.row, File.id, File.blob).where(File.row > after_row).order_by(File.row).limit(PAGE)
    )
    return [(row.row, row.id, row.blob) for row in found]


def parts(session: Session) -> list[str]:
    """The ids of the parts of all uploads; they live for an hour, so there are few."""
    return list(session.scalars(select(UploadPart.id)))


def _expired() -> Select[str]:
    return select(VectorStore.id).where(VectorStore.expired_at.is_not(None))


def _sums() -> list[Any]:
    return [func.sum(getattr(StoreFile, name)).label(name) for name in SIZES]


def _counted(kept: Any, counted: dict[str, int], names: tuple[str, ...]) -> Counted:
    return Counted(kept.id, {n: getattr(kept, n) for n in names}, {n: counted.get(n, 0) for n in names})


def _expected(row: Any) -> Expected:
    writing = row.generation if row.status in UNFINISHED else None
    return Expected(
        row=row.row,
        vector_store_id=row.vector_store_id,
        file_id=row.file_id,
        live=row.chunks if row.live_generation is not None else 0,
        generation=row.live_generation,
        writing=writing,
    )
