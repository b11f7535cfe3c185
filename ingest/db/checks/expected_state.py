"""What the rows say of points and blobs: the database's side of `ingest verify`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ingest.db.models import File, PointJob, StoreFile, Upload, UploadPart, VectorStore
from ingest.status import UNFINISHED

PAGE = 5_000


@dataclass(frozen=True)
class Expected:
    """The points of one embedding model that a row may have: `live` of them exactly, of `generation`; others only while
    they are written."""

    row: int
    project: str
    vector_store_id: str
    file_id: str
    status: str
    fence: int
    last: int
    """The generation that was begun last."""
    live: int
    generation: int | None
    writing: int | None
    """The generation that is being written, if one is."""
    kept: int
    """What is being written has a greater number than this, also what was begun for another model before..."""
    aside: bool
    """...and whether `generation` is not what is found, but ready or kept for the store's other model."""
    elsewhere: tuple[int, ...]
    """The generations of the row that belong to other models: at most two, for a third model's points."""


def expected_points(session: Session, after_row: int, model: str) -> list[Expected]:
    """A page of rows, by row number; those of a store that has ended are about to go and answer for no points."""
    found = session.execute(_rows().where(StoreFile.row > after_row).limit(PAGE))
    return [_expected(row, model) for row in found]


def expected_of(session: Session, rows: Sequence[int], model: str) -> dict[int, Expected]:
    """The points of those of `rows` that (still) exist, by row number; a few hundred."""
    return {row.row: _expected(row, model) for row in session.execute(_rows().where(StoreFile.row.in_(rows)))}


def purged_rows(session: Session, rows: Sequence[int]) -> dict[int, int]:
    """Up to which generation the points of rows are on the list to be deleted."""
    found = session.execute(
        select(PointJob.store_file, func.max(PointJob.last_generation).label("last"))
        .where(PointJob.kind == "purge", PointJob.store_file.in_(rows))
        .group_by(PointJob.store_file)
    )
    return {row.store_file: row.last for row in found}


def purged_stores(session: Session, stores: Sequence[str]) -> set[str]:
    """Those of `stores` all of whose points are on the list to be deleted."""
    whole = (PointJob.kind == "purge", PointJob.store_file.is_(None), PointJob.vector_store_id.in_(stores))
    return set(session.scalars(select(PointJob.vector_store_id).where(*whole)))


def blobs(session: Session, after_row: int) -> list[tuple[int, str, str]]:
    """A page of files as (row, id, blob)."""
    found = session.execute(
        select(File.row, File.id, File.blob).where(File.row > after_row).order_by(File.row).limit(PAGE)
    )
    return [(row.row, row.id, row.blob) for row in found]


def blob_of(session: Session, file_id: str) -> str | None:
    """The blob of a file, None when there is no such file (any more)."""
    return session.scalar(select(File.blob).where(File.id == file_id))


def parts(session: Session) -> dict[str, bool]:
    """The parts of all uploads by id, and whether their bytes must be there; they live for an hour, so there are few."""
    found = session.execute(
        select(UploadPart.id, UploadPart.bytes, Upload.status).join(Upload, Upload.id == UploadPart.upload_id)
    )
    return {row.id: row.bytes is not None and row.status == "pending" for row in found}


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            StoreFile.row,
            VectorStore.project,
            StoreFile.vector_store_id,
            StoreFile.file_id,
            StoreFile.chunks,
            StoreFile.live_generation,
            StoreFile.model,
            *(StoreFile.aside_generation, StoreFile.aside_model, StoreFile.aside_chunks),
            StoreFile.generation,
            StoreFile.fence,
            StoreFile.status,
        )
        .join(VectorStore, VectorStore.id == StoreFile.vector_store_id)
        .where(VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
        .order_by(StoreFile.row)
    )


def _expected(row: Any, model: str) -> Expected:
    both = ((row.live_generation, row.model, row.chunks), (row.aside_generation, row.aside_model, row.aside_chunks))
    generation, live = next(((number, chunks) for number, its, chunks in both if its == model), (None, 0))
    elsewhere = tuple(number for number, its, _ in both if number is not None and its != model)
    return Expected(
        row=row.row,
        project=row.project,
        vector_store_id=row.vector_store_id,
        file_id=row.file_id,
        status=row.status,
        fence=row.fence,
        last=row.generation,
        live=live,
        generation=generation,
        writing=row.generation if row.status in UNFINISHED else None,
        kept=max(row.live_generation or 0, row.aside_generation or 0),
        aside=row.aside_model == model,
        elsewhere=elsewhere,
    )
