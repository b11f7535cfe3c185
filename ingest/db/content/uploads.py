"""Uploads and their parts as rows. An upload leaves `pending` once, by one guarded UPDATE."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from ingest.db.execute import changed, run
from ingest.db.models import Upload, UploadPart
from ingest.db.queue.membership import slices
from ingest.db.session import now, read_clock, serialise

ARRIVAL_SECONDS = 3_600.0
"""A part that is not complete so long after its row was made has lost its writer."""

REMEMBERED_SECONDS = 30 * 86_400.0
"""So long after its end an upload is still answered for: a completion may be repeated, a late part is told why not."""


def get(session: Session, project: str, upload_id: str) -> Upload | None:
    """The project's upload with this id. One whose time is over shows as expired, even before `expire`."""
    upload = session.scalar(select(Upload).where(Upload.project == project, Upload.id == upload_id))
    if upload is not None and upload.status == "pending" and upload.expires_at <= read_clock(session):
        set_committed_value(upload, "status", "expired")  # the loaded object is changed, the row is not
    return upload


def lock(session: Session, upload_id: str) -> None:
    """Let no other transaction that locks this upload go on before this one ends."""
    serialise(session, f"upload:{upload_id}")


def hold(session: Session, upload_id: str) -> bool:
    """Whether the upload is pending, also a moment after its time; if so it stays that until the transaction ends."""
    held = select(Upload.status).where(Upload.id == upload_id).with_for_update()
    return session.scalar(held) == "pending"


def complete(session: Session, upload_id: str, *, file_id: str, part_ids: Sequence[str]) -> bool:
    """pending -> completed, also a moment after its time; False when it has ended already."""
    values = {"status": "completed", "file_id": file_id, "part_ids": list(part_ids)}
    return changed(session, update(Upload).where(*_pending(upload_id)).values(values))


def cancel(session: Session, upload_id: str) -> bool:
    """pending -> cancelled; False when it has ended already."""
    return changed(session, update(Upload).where(*_pending(upload_id)).values(status="cancelled"))


def expire(session: Session, limit: int) -> int:
    """pending -> expired, for up to `limit` uploads whose time is over; how many."""
    over = select(Upload.row).where(Upload.status == "pending", Upload.expires_at <= now(session))
    guard = (Upload.status == "pending", Upload.row.in_(over.order_by(Upload.expires_at).limit(limit)))
    return run(session, update(Upload).where(*guard).values(status="expired")).rowcount


def forget_ended(session: Session, limit: int) -> int:
    """Remove the rows of up to `limit` uploads that ended long ago and left nothing behind; how many."""
    long_over = (Upload.status != "pending", Upload.expires_at < now(session) - REMEMBERED_SECONDS)
    left = exists().where(UploadPart.upload_id == Upload.id)
    old = select(Upload.row).where(*long_over, ~left).order_by(Upload.expires_at).limit(limit)
    return run(session, delete(Upload).where(Upload.row.in_(old))).rowcount


def parts(session: Session, part_ids: Sequence[str]) -> dict[str, UploadPart]:
    """Those of `part_ids` that exist, of whatever upload."""
    found: dict[str, UploadPart] = {}
    for some in slices(part_ids):
        found |= {part.id: part for part in session.scalars(select(UploadPart).where(UploadPart.id.in_(some)))}
    return found


def arrived(session: Session, part_id: str, *, size: int, sha256: str) -> bool:
    """A part's bytes are all there; False when its upload has ended meanwhile."""
    open_uploads = select(Upload.id).where(Upload.status == "pending", Upload.expires_at > now(session))
    mine = (UploadPart.id == part_id, UploadPart.upload_id.in_(open_uploads))
    return changed(session, update(UploadPart).where(*mine).values(bytes=size, sha256=sha256))


def ended_parts(session: Session, limit: int, upload_id: str | None = None) -> Sequence[str]:
    """Parts of uploads, or of one, that have ended; those still arriving only when they take too long."""
    statement = select(UploadPart.id).join(Upload, Upload.id == UploadPart.upload_id)
    if upload_id is not None:
        statement = statement.where(Upload.id == upload_id)
    late = and_(UploadPart.bytes.is_(None), UploadPart.created_at < now(session) - ARRIVAL_SECONDS)
    over = statement.where(Upload.status != "pending", or_(UploadPart.bytes.is_not(None), late))
    return session.scalars(over.order_by(UploadPart.row).limit(limit)).all()


def forget(session: Session, part_ids: Sequence[str]) -> None:
    """Remove the rows of parts whose blobs are gone."""
    for some in slices(part_ids):
        run(session, delete(UploadPart).where(UploadPart.id.in_(some)))


def _pending(upload_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Upload.id == upload_id, Upload.status == "pending")
