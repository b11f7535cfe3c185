"""Checks of a project's use against its limits. A limit of None costs no query."""

from sqlalchemy import and_, case, func, select, update
from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db import locks
from ingest.db.execute import changed_row
from ingest.db.models import File, Project, Upload, UploadPart, VectorStore
from ingest.db.session import now, read_clock
from ingest.errors import QuotaExceeded, RateLimited

MINUTE = 60.0

FILES_RETRY_SECONDS = 10.0
"""Sent as Retry-After: files finish all the time, and OpenAI's clients retry twice by themselves."""


def count_request(session: Session, caller: Caller) -> None:
    """Count a request against the rate limit of the project. Raises: RateLimited.

    The algorithm is GCRA with a burst of one minute: `Project.paced_until` is the time when all requests so far would be
    over at the allowed rate. A request is refused when it would end more than a minute from now.
    """
    limit = caller.limits.requests_per_minute
    if limit is None:
        return
    request_seconds = MINUTE / limit
    at = now(session)
    # A time that is more than a minute ahead is from before the clock went back.
    is_pacing = and_(Project.paced_until > at, Project.paced_until <= at + MINUTE + 1)
    ends_at = case((is_pacing, Project.paced_until), else_=at) + request_seconds
    is_within_limit = (Project.id == caller.project, ends_at - at <= MINUTE)
    if not changed_row(session, update(Project).where(*is_within_limit).values(paced_until=ends_at)):
        until = session.scalar(select(Project.paced_until).where(Project.id == caller.project)) or 0.0
        wait = max(0.0, until + request_seconds - MINUTE - read_clock(session))
        raise RateLimited(
            f"Rate limit reached: {limit:,} requests per minute. Please try again.", retry_after_seconds=wait
        )


def check_stored_bytes(session: Session, caller: Caller, size: int) -> None:
    """Check that `size` more bytes fit, in the transaction that stores them. Raises: QuotaExceeded."""
    limit = caller.limits.stored_bytes
    if limit is None:
        return
    locks.advisory_lock(session, locks.project_storage(caller.project))
    check_announced_bytes(session, caller, size)


def check_announced_bytes(session: Session, caller: Caller, size: int) -> int | None:
    """Check that `size` bytes would fit, before they arrive. Another request may use the room meanwhile.

    Returns how many bytes fit, or None without a limit. Raises: QuotaExceeded.
    """
    limit = caller.limits.stored_bytes
    if limit is None:
        return None
    files = session.scalar(select(func.sum(File.bytes)).where(File.project == caller.project)) or 0
    uploads = select(Upload.id).where(Upload.project == caller.project)
    parts = session.scalar(select(func.sum(UploadPart.bytes)).where(UploadPart.upload_id.in_(uploads))) or 0
    if files + parts + size > limit:
        raise QuotaExceeded(
            f"You exceeded your current quota: {files + parts:,} of {limit:,} bytes are stored, {size:,} more do not fit."
        )
    return limit - files - parts


def check_files_in_progress(session: Session, caller: Caller, files: int) -> None:
    """Check the files in progress after `files` were attached, in the same transaction.

    Raises: RateLimited; QuotaExceeded when this many never fit.
    """
    limit = caller.limits.files_in_progress
    if limit is None:
        return
    locks.advisory_lock(session, locks.project_work(caller.project))
    of_project = (VectorStore.project == caller.project, ~VectorStore.is_deleted)
    in_progress = session.scalar(select(func.sum(VectorStore.in_progress)).where(*of_project)) or 0
    if in_progress <= limit:
        return
    message = f"At most {limit:,} files of a project may be in progress at a time."
    if files > limit:
        raise QuotaExceeded(f"You exceeded your current quota. {message}")
    raise RateLimited(f"Rate limit reached. {message} Please try again.", retry_after_seconds=FILES_RETRY_SECONDS)
