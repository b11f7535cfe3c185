"""Rows of stores on their way into archives and out of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, or_, select, text, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed, run
from ingest.db.models import File, FileBatch, LooseBlob, PointJob, StoreFile, VectorStore
from ingest.db.queue.membership import slices
from ingest.db.queue.point_jobs import TAKEN_SECONDS
from ingest.db.session import now, read_clock

PAGE = 1_000


@dataclass(frozen=True)
class Exported:
    """A file of a store, with everything that is worth keeping."""

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
    """That of the points that can be found..."""
    model: str | None
    """...and their embedding model."""


def store(session: Session, name: str) -> VectorStore | None:
    """The store with this id, or the only one with this name."""
    alive = (VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    named = or_(VectorStore.id == name, VectorStore.name == name)
    found = session.scalars(select(VectorStore).where(*alive, named).limit(2)).all()
    return found[0] if len(found) == 1 else None


def exported(session: Session, store_id: str, after_row: int) -> list[Exported]:
    """A page of a store's files, by row number."""
    wanted = (StoreFile.vector_store_id == store_id, StoreFile.row > after_row)
    found = session.execute(
        select(StoreFile, File.filename, File.purpose, File.bytes, File.blob)
        .join(File, File.id == StoreFile.file_id)
        .where(*wanted)
        .order_by(StoreFile.row)
        .limit(PAGE)
    )
    return [_exported(row) for row in found]


def reserve(session: Session) -> int:
    """A row number for a file in a store, which nobody else gets."""
    if session.get_bind().dialect.name != "sqlite":
        return int(session.scalar(text("SELECT nextval(pg_get_serial_sequence('store_files', 'row'))")) or 0)
    where = "WHERE name = 'store_files'"
    if not changed(session, text(f"UPDATE sqlite_sequence SET seq = seq + 1 {where}")):
        session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES ('store_files', 1)"))
    return int(session.scalar(text(f"SELECT seq FROM sqlite_sequence {where}")) or 0)


def begin(session: Session, store_id: str, *, lease_seconds: float) -> int:
    """Have the points of a store that is not there yet deleted, unless it is `renew`ed and made in time."""
    due_at = read_clock(session) + lease_seconds
    job = PointJob(kind="purge", vector_store_id=store_id, due_at=due_at)
    session.add(job)
    session.flush()
    return job.row


def renew(session: Session, job: int, loose: Sequence[int], *, lease_seconds: float) -> bool:
    """Keep what was brought for a while longer; False when it is being deleted already."""
    for some in slices(loose):
        run(session, update(LooseBlob).where(LooseBlob.row.in_(some)).values(since=now(session)))
    later = update(PointJob).where(*_ours(session, job)).values(due_at=now(session) + lease_seconds)
    return changed(session, later)


def keep(session: Session, job: int) -> bool:
    """The store is made in this transaction: its points stay. False when they are being deleted already."""
    return changed(session, delete(PointJob).where(*_ours(session, job)))


def is_made(session: Session, job: int, store_id: str) -> bool:
    """Whether the store is there, when nobody answered to its making; waits for that to end one way or the other."""
    session.get(PointJob, job, with_for_update=True)
    return _is_there(session, store_id)


def batch_of(session: Session, store_id: str) -> str | None:
    """The batch in which the files of a store that was just made are embedded, if there is one."""
    return session.scalar(select(FileBatch.id).where(FileBatch.vector_store_id == store_id))


def give_up(session: Session, job: int, store_id: str) -> None:
    """Have the points deleted now; once more if they were before, for some may have been written since."""
    if changed(session, update(PointJob).where(*_ours(session, job)).values(due_at=now(session))):
        return
    coming = PointJob.kind == "purge", PointJob.vector_store_id == store_id
    if not _is_there(session, store_id) and session.scalar(select(PointJob.row).where(*coming)) is None:
        begin(session, store_id, lease_seconds=0)


def add(session: Session, files: list[dict[str, Any]], members: list[dict[str, Any]]) -> None:
    """Make files, and members of a store that have ended."""
    if files:
        session.execute(insert(File), files)
    if members:
        session.execute(insert(StoreFile), members)


def settle(session: Session, loose: Sequence[int]) -> None:
    """The bytes have their files, made in an earlier transaction: nobody could see neither."""
    for some in slices(loose):
        run(session, delete(LooseBlob).where(LooseBlob.row.in_(some)))


def _is_there(session: Session, store_id: str) -> bool:
    return session.scalar(select(VectorStore.row).where(VectorStore.id == store_id)) is not None


def _ours(session: Session, job: int) -> tuple[Any, ...]:
    """Whether nobody has begun to delete: a sweep that does makes the job due again after a while, but not longer."""
    return PointJob.row == job, PointJob.due_at > now(session) + TAKEN_SECONDS, ~PointJob.is_final


def _exported(found: Any) -> Exported:
    row: StoreFile = found[0]
    return Exported(
        row=row.row,
        file_id=row.file_id,
        filename=found.filename,
        purpose=found.purpose,
        bytes=found.bytes,
        blob=found.blob,
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
    )
