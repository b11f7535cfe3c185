"""Stores on their way into archives and out of them.

A restore writes points before the store exists. From its beginning a purge of the new store is due; the restore renews
that purge like a lease, and removes it in the transaction that makes the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session, undefer

from ingest.db.content import unclaimed_blobs
from ingest.db.execute import changed_row
from ingest.db.models import File, FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.queue import point_jobs
from ingest.db.queue.point_jobs import TAKE_SECONDS
from ingest.db.session import now, read_clock

PAGE_SIZE = 1_000


@dataclass(frozen=True)
class ExportedFile:
    """A file of a store, with everything that an archive keeps."""

    row: int
    file_id: str
    filename: str
    purpose: str
    bytes: int
    blob: str
    attributes: dict[str, Any]
    chunk_tokens: int
    chunk_overlap: int
    status: str
    error_code: str | None
    error_message: str | None
    chunks: int
    terms: int
    usage_bytes: int
    generation: int | None
    """The live generation of its points."""
    model: str | None
    """The embedding model of that generation."""
    warnings: int
    report: dict[str, Any] | None


def find_store(session: Session, name: str) -> VectorStore | None:
    """Return the store with this id, or with this name if only one has it."""
    alive = (VectorStore.is_active,)
    named = or_(VectorStore.id == name, VectorStore.name == name)
    stores = session.scalars(select(VectorStore).where(*alive, named).limit(2)).all()
    return stores[0] if len(stores) == 1 else None


def export_page(session: Session, store_id: str, after_row: int) -> list[ExportedFile]:
    """Return the next `PAGE_SIZE` files of a store, by row number."""
    rows = session.execute(
        select(StoreFile, File.filename, File.purpose, File.bytes, File.blob)
        .join(File, File.id == StoreFile.file_id)
        .options(undefer(StoreFile.report))
        .where(StoreFile.vector_store_id == store_id, StoreFile.row > after_row)
        .order_by(StoreFile.row)
        .limit(PAGE_SIZE)
    )
    return [_exported(row) for row in rows]


def begin_restore(session: Session, store_id: str, *, lease_seconds: float) -> int:
    """Plan the purge of a store that does not exist yet, and return the job's number."""
    job = point_jobs.purge_store(session, store_id, due_at=read_clock(session) + lease_seconds)
    session.flush()
    return job.row


def renew_restore(session: Session, job: int, reservations: Sequence[int], *, lease_seconds: float) -> bool:
    """Postpone the purge and extend the blobs' reservations. Returns False when the purge has begun."""
    unclaimed_blobs.extend_reservations(session, reservations)
    later = update(PointJob).where(*_purge_not_begun(session, job)).values(due_at=now(session) + lease_seconds)
    return changed_row(session, later)


def end_restore(session: Session, job: int) -> bool:
    """Cancel the purge in the transaction that makes the store. Returns False when the purge has begun."""
    return changed_row(session, delete(PointJob).where(*_purge_not_begun(session, job)))


def is_restored(session: Session, job: int, store_id: str) -> bool:
    """Return whether the store exists, after a lost answer to the commit that makes it.

    The job's row lock waits for that commit or its rollback.
    """
    session.get(PointJob, job, with_for_update=True)
    return _store_exists(session, store_id)


def batch_of_restored_store(session: Session, store_id: str) -> str | None:
    """Return the id of the batch that embeds the files of a new store, if there is one."""
    return session.scalar(select(FileBatch.id).where(FileBatch.vector_store_id == store_id))


def abort_restore(session: Session, job: int, store_id: str) -> None:
    """Purge the points now. If the purge is over, plan another one: points may have been written since."""
    if changed_row(session, update(PointJob).where(*_purge_not_begun(session, job)).values(due_at=now(session))):
        return
    planned = PointJob.kind == "purge", PointJob.vector_store_id == store_id
    if not _store_exists(session, store_id) and session.scalar(select(PointJob.row).where(*planned)) is None:
        begin_restore(session, store_id, lease_seconds=0)


def insert_files(session: Session, files: list[dict[str, Any]], members: list[dict[str, Any]]) -> None:
    """Insert files, and members of a store whose processing has ended."""
    if files:
        session.execute(insert(File), files)
    if members:
        session.execute(insert(StoreFile), members)


def _store_exists(session: Session, store_id: str) -> bool:
    return session.scalar(select(VectorStore.row).where(VectorStore.id == store_id)) is not None


def _purge_not_begun(session: Session, job: int) -> tuple[Any, ...]:
    """Match the job while nobody has taken it: taking it makes it due within `TAKE_SECONDS`."""
    return PointJob.row == job, PointJob.due_at > now(session) + TAKE_SECONDS, ~PointJob.is_final


def _exported(joined: Any) -> ExportedFile:
    row: StoreFile = joined[0]
    return ExportedFile(
        row=row.row,
        file_id=row.file_id,
        filename=joined.filename,
        purpose=joined.purpose,
        bytes=joined.bytes,
        blob=joined.blob,
        attributes=row.attributes,
        chunk_tokens=row.chunk_tokens,
        chunk_overlap=row.chunk_overlap,
        status=row.status,
        error_code=row.error_code,
        error_message=row.error_message,
        chunks=row.chunks,
        terms=row.terms,
        usage_bytes=row.usage_bytes,
        generation=row.live_generation,
        model=row.model,
        warnings=row.warnings,
        report=row.report,
    )
