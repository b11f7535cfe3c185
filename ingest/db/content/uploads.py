"""Uploads and their parts. An upload leaves `pending` once, by one guarded UPDATE."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ingest.db import locks
from ingest.db.execute import changed_row, execute
from ingest.db.id_slices import slices
from ingest.db.models import Upload, UploadPart
from ingest.db.session import now, read_clock

PART_TIMEOUT_SECONDS = 3_600.0
"""A part whose bytes are incomplete this long after its row was made has lost its writer."""

RETENTION_SECONDS = 30 * 86_400.0
"""An ended upload is kept this long: a completion may be repeated, and a late part gets a reason for its refusal."""


def get(session: Session, project: str, upload_id: str) -> Upload | None:
    """Return the project's upload. One whose time is over shows as expired, even before `expire` changed its row."""
    upload = session.scalar(select(Upload).where(Upload.project == project, Upload.id == upload_id))
    if upload is not None and upload.status == "pending" and upload.expires_at <= read_clock(session):
        set_committed_value(upload, "status", "expired")  # changes the loaded object, not the row
    return upload


def lock(session: Session, upload_id: str) -> None:
    """Take the upload's advisory lock until the transaction ends."""
    locks.advisory_lock(session, locks.upload(upload_id))


def lock_pending(session: Session, upload_id: str) -> bool:
    """Lock the upload's row and return whether it is pending. It may be past its time by a moment."""
    status = select(Upload.status).where(Upload.id == upload_id).with_for_update()
    return session.scalar(status) == "pending"


def complete(session: Session, upload_id: str, *, file_id: str, part_ids: Sequence[str]) -> bool:
    """Complete a pending upload, also a moment after its time. Returns False when it has ended already."""
    values = {"status": "completed", "file_id": file_id, "part_ids": list(part_ids)}
    return changed_row(session, update(Upload).where(*_pending(upload_id)).values(values))


def cancel(session: Session, upload_id: str) -> bool:
    """Cancel a pending upload. Returns False when it has ended already."""
    return changed_row(session, update(Upload).where(*_pending(upload_id)).values(status="cancelled"))


def expire(session: Session, limit: int) -> int:
    """Expire up to `limit` pending uploads whose time is over, and return their number."""
    overdue = select(Upload.row).where(Upload.status == "pending", Upload.expires_at <= now(session))
    guard = (Upload.status == "pending", Upload.row.in_(overdue.order_by(Upload.expires_at).limit(limit)))
    return execute(session, update(Upload).where(*guard).values(status="expired")).rowcount


def delete_ended(session: Session, limit: int) -> int:
    """Delete up to `limit` uploads that ended long ago and have no parts, and return their number."""
    long_ended = (Upload.status != "pending", Upload.expires_at < now(session) - RETENTION_SECONDS)
    has_parts = exists().where(UploadPart.upload_id == Upload.id)
    old = select(Upload.row).where(*long_ended, ~has_parts).order_by(Upload.expires_at).limit(limit)
    return execute(session, delete(Upload).where(Upload.row.in_(old))).rowcount


def get_parts(session: Session, part_ids: Sequence[str]) -> dict[str, UploadPart]:
    """Return those of the parts that exist, of any upload, by id."""
    parts: dict[str, UploadPart] = {}
    for some in slices(part_ids):
        parts |= {part.id: part for part in session.scalars(select(UploadPart).where(UploadPart.id.in_(some)))}
    return parts


def complete_part(session: Session, part_id: str, *, size: int, sha256: str) -> bool:
    """Record that all bytes of a part are stored. Returns False when its upload has ended."""
    open_uploads = select(Upload.id).where(Upload.status == "pending", Upload.expires_at > now(session))
    guard = (UploadPart.id == part_id, UploadPart.upload_id.in_(open_uploads))
    return changed_row(session, update(UploadPart).where(*guard).values(bytes=size, sha256=sha256))


def list_removable_parts(session: Session, limit: int, upload_id: str | None = None) -> Sequence[str]:
    """Return the ids of parts of ended uploads, or of one.

    An incomplete part counts only after `PART_TIMEOUT_SECONDS`: until then its writer may be alive.
    """
    statement = select(UploadPart.id).join(Upload, Upload.id == UploadPart.upload_id)
    if upload_id is not None:
        statement = statement.where(Upload.id == upload_id)
    timed_out = and_(UploadPart.bytes.is_(None), UploadPart.created_at < now(session) - PART_TIMEOUT_SECONDS)
    removable = statement.where(Upload.status != "pending", or_(UploadPart.bytes.is_not(None), timed_out))
    return session.scalars(removable.order_by(UploadPart.row).limit(limit)).all()


def delete_parts(session: Session, part_ids: Sequence[str]) -> None:
    """Delete the rows of parts whose blobs are gone."""
    for some in slices(part_ids):
        execute(session, delete(UploadPart).where(UploadPart.id.in_(some)))


def _pending(upload_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Upload.id == upload_id, Upload.status == "pending")
