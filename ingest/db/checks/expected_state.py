"""The points and blobs that the rows require: the database's side of `ingest verify`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
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
    text_checksum: int | None = None
    """The sum of the checksums of the texts of `generation`, None if it is not known."""


class FileBytes(NamedTuple):
    """An uploaded file: its row number and id, and the SHA-256 and the number of its bytes."""

    row: int
    file_id: str
    blob: str
    size: int


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


def list_blobs(session: Session, after_row: int) -> list[FileBytes]:
    """Return a page of the uploaded files, by row number."""
    columns = select(File.row, File.id, File.blob, File.bytes)
    found = session.execute(columns.where(File.row > after_row).order_by(File.row).limit(PAGE))
    return [FileBytes(row.row, row.id, row.blob, row.bytes) for row in found]


def list_files_of_blob(session: Session, blob: str) -> Sequence[str]:
    """Return the ids of the files that have these bytes."""
    return session.scalars(select(File.id).where(File.blob == blob).order_by(File.row)).all()


def last_created_at(session: Session) -> int:
    """Return when the newest file was uploaded, in seconds since 1970; 0 without files."""
    return session.scalar(select(File.created_at).order_by(File.row.desc()).limit(1)) or 0


def record_text_checksums(session: Session, checksums: Sequence[tuple[int, int, int]]) -> None:
    """Record checksums that are not known yet: each is (row, generation, checksum)."""
    for row, generation, checksum in checksums:
        file = update(StoreFile).where(StoreFile.row == row)
        live = (StoreFile.live_generation == generation, StoreFile.text_checksum.is_(None))
        standby = (StoreFile.standby_generation == generation, StoreFile.standby_text_checksum.is_(None))
        execute(session, file.where(*live).values(text_checksum=checksum))
        execute(session, file.where(*standby).values(standby_text_checksum=checksum))


def get_file_bytes(session: Session, file_id: str) -> FileBytes | None:
    """Return an uploaded file, None when there is no such file (any more)."""
    row = session.execute(select(File.row, File.id, File.blob, File.bytes).where(File.id == file_id)).first()
    return None if row is None else FileBytes(*row)


def list_parts(session: Session) -> dict[str, int | None]:
    """Return the sizes of all upload parts by id; None if the bytes need not exist. Uploads live for an hour, so there are few."""
    found = session.execute(
        select(UploadPart.id, UploadPart.bytes, Upload.status).join(Upload, Upload.id == UploadPart.upload_id)
    )
    return {row.id: row.bytes if row.status == "pending" else None for row in found}


def list_part_hashes(session: Session) -> dict[str, str]:
    """Return the SHA-256 of the parts whose bytes must exist, by id."""
    columns = select(UploadPart.id, UploadPart.sha256).join(Upload, Upload.id == UploadPart.upload_id)
    found = session.execute(columns.where(UploadPart.sha256.is_not(None), Upload.status == "pending"))
    return {row.id: row.sha256 for row in found}


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
            *(StoreFile.text_checksum, StoreFile.standby_text_checksum),
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
        (row.live_generation, row.model, row.chunks, row.text_checksum),
        (row.standby_generation, row.standby_model, row.standby_chunks, row.standby_text_checksum),
    )
    generation, point_count, text_checksum = next(
        ((number, chunks, checksum) for number, its_model, chunks, checksum in complete if its_model == model),
        (None, 0, None),
    )
    of_other_models = tuple(number for number, its_model, *_ in complete if number is not None and its_model != model)
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
        text_checksum=text_checksum,
    )
