"""What a project uses, held against its limits; without a limit nothing is asked."""

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db.execute import changed
from ingest.db.models import File, Project, Upload, UploadPart, VectorStore
from ingest.db.session import now, read_clock, serialise
from ingest.errors import QuotaExceeded, TooMany

MINUTE = 60.0

FILES_RETRY_SECONDS = 10.0
"""Files end all the time; clients try twice more by themselves."""


def pace(session: Session, caller: Caller) -> None:
    """Count a request. A minute's requests may come at once, and then each as its share of the minute passes.

    One number per project (GCRA): when all requests so far would be over at the allowed pace. Raises TooMany.
    """
    limit = caller.limits.requests_per_minute
    if limit is None:
        return
    each = MINUTE / limit
    at = now(session)
    over = case((Project.paced_until > at, Project.paced_until), else_=at) + each
    mine = (Project.id == caller.project, over - at <= MINUTE)
    if not changed(session, update(Project).where(*mine).values(paced_until=over)):
        until = session.scalar(select(Project.paced_until).where(Project.id == caller.project)) or 0.0
        wait = max(0.0, until + each - MINUTE - read_clock(session))
        raise TooMany(f"Rate limit reached: {limit:,} requests per minute. Please try again.", retry_after_seconds=wait)


def store(session: Session, caller: Caller, size: int) -> None:
    """Before `size` bytes more are kept, in the transaction that does. Raises QuotaExceeded."""
    limit = caller.limits.stored_bytes
    if limit is None:
        return
    serialise(session, f"stored:{caller.project}")
    files = session.scalar(select(func.sum(File.bytes)).where(File.project == caller.project)) or 0
    uploads = select(Upload.id).where(Upload.project == caller.project)
    parts = session.scalar(select(func.sum(UploadPart.bytes)).where(UploadPart.upload_id.in_(uploads))) or 0
    if files + parts + size > limit:
        raise QuotaExceeded(
            f"You exceeded your current quota: {files + parts:,} of {limit:,} bytes are stored, {size:,} more do not fit."
        )


def work(session: Session, caller: Caller, files: int) -> None:
    """After `files` were attached, in the transaction that did. Raises TooMany, or QuotaExceeded if it never fits."""
    limit = caller.limits.files_in_progress
    if limit is None:
        return
    serialise(session, f"in progress:{caller.project}")
    mine = (VectorStore.project == caller.project, VectorStore.deleted_at.is_(None))
    busy = session.scalar(select(func.sum(VectorStore.in_progress)).where(*mine)) or 0
    if busy <= limit:
        return
    message = f"At most {limit:,} files of a project may be in progress at a time."
    if files > limit:
        raise QuotaExceeded(f"You exceeded your current quota. {message}")
    raise TooMany(f"Rate limit reached. {message} Please try again.", retry_after_seconds=FILES_RETRY_SECONDS)
