"""The status of a file as the API shows it, in SQL. In Python it is `ingest.status.file_status`.

The unfinished files of a cancelled batch show as cancelled, or as completed if they have a fallback, before
`cancellation.mark_cancelled_files` has rewritten their rows.
"""

from sqlalchemy import ColumnElement, and_, case, or_, select

from ingest.db.models import FileBatch, StoreFile
from ingest.status import UNFINISHED, FileStatus, RowStatus

BATCH_IS_CANCELLED: ColumnElement[bool] = and_(StoreFile.status.in_(UNFINISHED), FileBatch.cancelled_at.is_not(None))
"""Match unfinished files of a cancelled batch, in a statement that joins each file with its batch."""


def is_in_cancelled_batch(store_id: str) -> ColumnElement[bool]:
    """Match unfinished files of a store's cancelled batches, in a statement without that join."""
    cancelled = select(FileBatch.row).where(FileBatch.vector_store_id == store_id, FileBatch.cancelled_at.is_not(None))
    return and_(StoreFile.status.in_(UNFINISHED), StoreFile.batch.in_(cancelled))


def is_completed(batch_is_cancelled: ColumnElement[bool]) -> ColumnElement[bool]:
    """Match files that show as completed. The argument is one of the conditions above."""
    return or_(StoreFile.status == "completed", and_(batch_is_cancelled, StoreFile.has_fallback))


def is_cancelled(batch_is_cancelled: ColumnElement[bool]) -> ColumnElement[bool]:
    """Match files that show as cancelled. The argument is one of the conditions above."""
    return or_(StoreFile.status == "cancelled", and_(batch_is_cancelled, ~StoreFile.has_fallback))


def has_status(status: FileStatus) -> ColumnElement[bool]:
    """Match files that show with this status, in a statement that joins each file with its batch."""
    if status == "in_progress":
        return and_(StoreFile.status.in_(UNFINISHED), FileBatch.cancelled_at.is_(None))
    if status == "cancelled":
        return is_cancelled(BATCH_IS_CANCELLED)
    if status == "completed":
        return is_completed(BATCH_IS_CANCELLED)
    return StoreFile.status == status


def status_when_cancelled() -> ColumnElement[RowStatus]:
    """Select the status that ended files show, and unfinished ones of a cancelled batch."""
    is_unfinished = StoreFile.status.in_(UNFINISHED)
    return case(
        (is_unfinished & StoreFile.has_fallback, "completed"), (is_unfinished, "cancelled"), else_=StoreFile.status
    )
