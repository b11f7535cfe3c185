"""Uploaded files."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import execute_prepared
from ingest.db.id_slices import slices
from ingest.db.models import File, StoreFile
from ingest.db.pages import Page, Window, page
from ingest.db.session import now


def add(session: Session, file: File) -> None:
    """Insert a file. The object does not become part of the session."""
    execute_prepared(session, _INSERT, **{name: getattr(file, name) for name in _COLUMNS})


def get(session: Session, project: str, file_id: str) -> File | None:
    """Return the project's file, unless it has expired."""
    return session.scalar(select(File).where(File.project == project, File.id == file_id, is_unexpired(session)))


def missing_ids(session: Session, project: str, file_ids: Sequence[str]) -> list[str]:
    """Return those of the ids that name no unexpired file of the project, in their order."""
    existing: set[str] = set()
    of_project = select(File.id).where(File.project == project, is_unexpired(session))
    for some in slices(file_ids):
        existing.update(session.scalars(of_project.where(File.id.in_(some))))
    return [file_id for file_id in file_ids if file_id not in existing]


def list_page(session: Session, project: str, window: Window, *, purpose: str | None) -> Page[File]:
    """Return a page of a project's files, or of those with one purpose."""
    statement = select(File).where(File.project == project, is_unexpired(session))
    if purpose is not None:
        statement = statement.where(File.purpose == purpose)
    cursor = select(File.row).where(File.project == project, File.id == bindparam("id"))
    scope = tombstones.files(project)
    return page(session, statement, File.row.expression, window, cursor, scope, lambda row: row[0])


def is_unexpired(session: Session) -> ColumnElement[bool]:
    """Match files that have not expired. Only garbage collection sees the others."""
    return or_(File.expires_at.is_(None), File.expires_at > now(session))


def list_expired(session: Session, limit: int) -> Sequence[File]:
    """Return expired files, the longest expired first."""
    expired = select(File).where(File.expires_at <= now(session))
    return session.scalars(expired.order_by(File.expires_at, File.row).limit(limit)).all()


def stores_of(session: Session, file_id: str) -> Sequence[str]:
    """Return the ids of the stores that a file is in."""
    return session.scalars(
        select(StoreFile.vector_store_id).where(StoreFile.file_id == file_id).order_by(StoreFile.row)
    ).all()


def delete_row(session: Session, file_id: str) -> None:
    """Delete a file that is in no store, and leave its tombstone."""
    deleted = session.execute(delete(File).where(File.id == file_id).returning(File.row, File.project)).first()
    if deleted is not None:
        tombstones.add(session, tombstones.files(deleted.project), file_id, deleted.row)


def is_blob_used(session: Session, blob: str) -> bool:
    """Return whether a file has these bytes."""
    return session.scalar(select(File.row).where(File.blob == blob).limit(1)) is not None


_COLUMNS = [column.name for column in File.__table__.columns if column is not File.__table__.c.row]
_INSERT = insert(File).inline().values({name: bindparam(name) for name in _COLUMNS})
