"""The points and blobs that the rows require: the database's side of `ingest verify`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ingest.db.models import File, PointJob, StoreFile, Upload, UploadPart, VectorStore
from ingest.status import UNFINISHED

PAGE = 5_000


@dataclass(frozen=True)
class ExpectedPoints:
    """The points of one embedding model that a file must have, and those that it may have.

    It must have exactly `point_count` points of `generation`. It may have points of `writing_generation`, which a worker
    is writing, and of generations after `kept_generation` that did not complete.
    """

    row: int
    project: str
    vector_store_id: str
    file_id: str
    status: str
    fence: int
    newest_generation: int
    """The generation that the last worker began."""
    point_count: int
    generation: int | None
    writing_generation: int | None
    """The generation of the work in progress, None without any."""
    kept_generation: int
    """The greatest generation that is complete, of any model; 0 for none."""
    is_standby: bool
    """Whether `generation` is the standby generation, which search does not show."""
    generations_of_other_models: tuple[int, ...]
    """The file's complete generations that belong to other models, at most two."""


def list_expected_points(session: Session, after_row: int, model: str) -> list[ExpectedPoints]:
    """Return a page of the files of active stores, by row number."""
    rows = session.execute(_select_files().where(StoreFile.row > after_row).limit(PAGE))
    return [_expected_points(row, model) for row in rows]


def get_expected_points(session: Session, rows: Sequence[int], model: str) -> dict[int, ExpectedPoints]:
    """Return the expected points of some files (a few hundred at most), by row number, without those that are gone."""
    files = session.execute(_select_files().where(StoreFile.row.in_(rows)))
    return {row.row: _expected_points(row, model) for row in files}


def last_purged_generations(session: Session, rows: Sequence[int]) -> dict[int, int]:
    """Return the last generation of each file whose points are to be purged, by row number."""
    found = session.execute(
        select(PointJob.store_file, func.max(PointJob.last_generation).label("last"))
        .where(PointJob.kind == "purge", PointJob.store_file.in_(rows))
        .group_by(PointJob.store_file)
    )
    return {row.store_file: row.last for row in found}


def purged_stores(session: Session, stores: Sequence[str]) -> set[str]:
    """Return those of `stores` whose points are all to be purged."""
    is_whole_store = (PointJob.kind == "purge", PointJob.store_file.is_(None), PointJob.vector_store_id.in_(stores))
    return set(session.scalars(select(PointJob.vector_store_id).where(*is_whole_store)))


def list_blobs(session: Session, after_row: int) -> list[tuple[int, str, str]]:
    """Return a page of files as (row, id, blob), by row number."""
    found = session.execute(
        select(File.row, File.id, File.blob).where(File.row > after_row).order_by(File.row).limit(PAGE)
    )
    return [(row.row, row.id, row.blob) for row in found]


def get_blob(session: Session, file_id: str) -> str | None:
    """Return the blob of a file, None when there is no such file (any more)."""
    return session.scalar(select(File.blob).where(File.id == file_id))


def list_parts(session: Session) -> dict[str, bool]:
    """Return all upload parts by id, and whether their bytes must exist. Uploads live for an hour, so there are few."""
    found = session.execute(
        select(UploadPart.id, UploadPart.bytes, Upload.status).join(Upload, Upload.id == UploadPart.upload_id)
    )
    return {row.id: row.bytes is not None and row.status == "pending" for row in found}


def _select_files() -> Select[*tuple[Any, ...]]:
    return (
        select(
            StoreFile.row,
            VectorStore.project,
            StoreFile.vector_store_id,
            StoreFile.file_id,
            StoreFile.chunks,
            StoreFile.live_generation,
            StoreFile.model,
            *(StoreFile.standby_generation, StoreFile.standby_model, StoreFile.standby_chunks),
            StoreFile.generation,
            StoreFile.fence,
            StoreFile.status,
        )
        .join(VectorStore, VectorStore.id == StoreFile.vector_store_id)
        .where(VectorStore.is_active)
        .order_by(StoreFile.row)
    )


def _expected_points(row: Any, model: str) -> ExpectedPoints:
    complete = (
        (row.live_generation, row.model, row.chunks),
        (row.standby_generation, row.standby_model, row.standby_chunks),
    )
    generation, point_count = next(
        ((number, chunks) for number, its_model, chunks in complete if its_model == model), (None, 0)
    )
    of_other_models = tuple(number for number, its_model, _ in complete if number is not None and its_model != model)
    return ExpectedPoints(
        row=row.row,
        project=row.project,
        vector_store_id=row.vector_store_id,
        file_id=row.file_id,
        status=row.status,
        fence=row.fence,
        newest_generation=row.generation,
        point_count=point_count,
        generation=generation,
        writing_generation=row.generation if row.status in UNFINISHED else None,
        kept_generation=max(row.live_generation or 0, row.standby_generation or 0),
        is_standby=row.standby_model == model,
        generations_of_other_models=of_other_models,
    )
