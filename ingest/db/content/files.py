"""Uploaded files as rows."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import run_prepared
from ingest.db.models import File, StoreFile
from ingest.db.pages import Page, Window, page
from ingest.db.queue.membership import slices
from ingest.db.session import now


def add(session: Session, file: File) -> None:
    """Write a new file down. The object itself stays outside of the session."""
    run_prepared(session, _ADDING, **{name: getattr(file, name) for name in _GIVEN})


def get(session: Session, project: str, file_id: str) -> File | None:
    """The project's file with this id, unless expired."""
    return session.scalar(select(File).where(File.project == project, File.id == file_id, unexpired(session)))


def unknown(session: Session, project: str, file_ids: Sequence[str]) -> list[str]:
    """Those of `file_ids` that name no file of the project, or an expired one, in their order."""
    known: set[str] = set()
    mine = select(File.id).where(File.project == project, unexpired(session))
    for some in slices(file_ids):
        known.update(session.scalars(mine.where(File.id.in_(some))))
    return [file_id for file_id in file_ids if file_id not in known]


def listed(session: Session, project: str, window: Window, *, purpose: str | None) -> Page[File]:
    """A page of a project's files, or of those with one purpose."""
    statement = select(File).where(File.project == project, unexpired(session))
    if purpose is not None:
        statement = statement.where(File.purpose == purpose)
    cursor = select(File.row).where(File.project == project, File.id == bindparam("id"))
    scope = tombstones.files(project)
    return page(session, statement, File.row.expression, window, cursor, scope, lambda row: row[0])


def unexpired(session: Session) -> ColumnElement[bool]:
    """That a file has not reached the end of its life; from then on it is gone for everybody but the sweep."""
    return or_(File.expires_at.is_(None), File.expires_at > now(session))


def expired(session: Session, limit: int) -> Sequence[File]:
    """Files past their expiry, longest first."""
    ripe = select(File).where(File.expires_at <= now(session))
    return session.scalars(ripe.order_by(File.expires_at, File.row).limit(limit)).all()


def stores_of(session: Session, file_id: str) -> Sequence[str]:
    """The ids of the stores that a file is in."""
    return session.scalars(
        select(StoreFile.vector_store_id).where(StoreFile.file_id == file_id).order_by(StoreFile.row)
    ).all()


def delete_row(session: Session, file_id: str) -> None:
    """Remove a file that is in no store any more."""
    gone = session.execute(delete(File).where(File.id == file_id).returning(File.row, File.project)).first()
    if gone is not None:
        tombstones.add(session, tombstones.files(gone.project), file_id, gone.row)


def blob_is_used(session: Session, blob: str) -> bool:
    """Whether some file has these bytes."""
    return session.scalar(select(File.row).where(File.blob == blob).limit(1)) is not None


_GIVEN = [column.name for column in File.__table__.columns if column is not File.__table__.c.row]
_ADDING = insert(File).inline().values({name: bindparam(name) for name in _GIVEN})
