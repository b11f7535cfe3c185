"""The files of a store as the API shows them, and as search finds them.

The unfinished files of a cancelled batch show as cancelled before their rows are rewritten, or as completed if their work
was a re-index (`ingest.status.file_status`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, or_, select
from sqlalchemy.orm import Session

from ingest.db.content.files import is_unexpired
from ingest.db.content.stores import is_expired_or_due
from ingest.db.models import BatchFile, File, FileBatch, StoreFile, VectorStore
from ingest.db.pages import Item, Page, Window, page
from ingest.db.queue import api_status
from ingest.status import UNFINISHED, FileStatus, ParseLane, RowStatus, file_status


@dataclass(frozen=True)
class QueuePlace:
    """Where a file is in the queue: what its wait depends on (ingest/health/waits.py)."""

    row_status: RowStatus
    lane: ParseLane
    batch: int | None
    queued_at: float
    not_before: float
    lease: tuple[str, float] | None
    """Holder and end of the lease."""


@dataclass(frozen=True)
class FileView:
    """A file in a store as the API shows it."""

    row: int
    file_id: str
    filename: str
    vector_store_id: str
    created_at: int
    status: FileStatus
    usage_bytes: int
    attributes: dict[str, Any]
    chunk_tokens: int
    chunk_overlap: int
    error_code: str | None
    error_message: str | None
    warnings: int
    """Warnings about the text that search finds."""
    queue: QueuePlace


@dataclass(frozen=True)
class LiveFile:
    """A file with live points, as search needs it."""

    generation: int
    """The live generation."""
    file_id: str
    filename: str
    attributes: dict[str, Any]
    model: str
    """The embedding model of the live generation."""
    standby_generation: int | None = None
    """The generation of the store's standby model. Hits of it count if the file cut over during the search."""
    standby_model: str | None = None

    def as_standby(self) -> "LiveFile | None":
        """Return the file with its standby generation as the live one; None if it has none."""
        if self.standby_generation is None or self.standby_model is None:
            return None
        return replace(
            self,
            generation=self.standby_generation,
            model=self.standby_model,
            standby_generation=None,
            standby_model=None,
        )


def get_file(session: Session, store_id: str, file_id: str) -> FileView | None:
    """Return a file of a store; None if it is not in the store."""
    row = session.execute(select_files(session, store_id).where(StoreFile.file_id == file_id)).first()
    return None if row is None else to_view(row)


def list_files(
    session: Session, store_id: str, window: Window, *, status: FileStatus | None, has_warnings: bool | None = None
) -> Page[FileView]:
    """Return a page of a store's files: of all, of those with one status, of those with or without warnings."""
    statement = _with_warnings(select_files(session, store_id), has_warnings)
    return page_of_files(session, _with_status(statement, status), store_id, window, to_view)


def list_batch_files(
    session: Session, batch: FileBatch, window: Window, *, status: FileStatus | None, has_warnings: bool | None = None
) -> Page[FileView]:
    """Return a page of a batch's files that are still in the store. A re-index shows their outcome in the batch."""
    statement = select_files(session, batch.vector_store_id).join(BatchFile, is_member_of(batch))
    statement = _with_warnings(statement, has_warnings)
    if not batch.reindex:
        return page_of_files(session, _with_status(statement, status), batch.vector_store_id, window, to_view)
    unfinished = "in_progress" if batch.cancelled_at is None else "cancelled"
    outcome = case((BatchFile.status == "in_progress", unfinished), else_=BatchFile.status)
    statement = statement.add_columns(outcome.label("outcome"), BatchFile.error_code, BatchFile.error_message)
    statement = statement if status is None else statement.where(outcome == status)
    return page_of_files(session, statement, batch.vector_store_id, window, _view_in_batch)


def live_files(session: Session, store_id: str, rows: Sequence[int]) -> dict[int, LiveFile]:
    """Return those of the rows that search may show, by row number."""
    files = session.execute(
        select(
            *(StoreFile.row, StoreFile.live_generation, StoreFile.file_id, File.filename, StoreFile.attributes),
            *(StoreFile.model, StoreFile.standby_generation, StoreFile.standby_model),
        )
        .join(File, File.id == StoreFile.file_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(
            StoreFile.row.in_(rows),
            StoreFile.vector_store_id == store_id,
            StoreFile.live_generation.is_not(None),
            is_unexpired(session),
            or_(StoreFile.status.not_in(UNFINISHED), FileBatch.cancelled_at.is_(None), StoreFile.has_fallback),
        )
    )
    return {
        f.row: LiveFile(
            f.live_generation or 0,
            f.file_id,
            f.filename,
            f.attributes,
            f.model or "",
            f.standby_generation,
            f.standby_model,
        )
        for f in files
    }


def is_member_of(batch: FileBatch) -> ColumnElement[bool]:
    """Join a file with its membership in a batch."""
    return and_(BatchFile.store_file == StoreFile.row, BatchFile.batch == batch.row)


def select_files(session: Session, store_id: str) -> Select[*tuple[Any, ...]]:
    """Select a store's files with their names and the time when their batch was cancelled.

    A due or expired store has no files.
    """
    has_ended = exists().where(VectorStore.id == store_id, is_expired_or_due(session))
    return (
        select(StoreFile, File.filename, FileBatch.cancelled_at)
        .join(File, File.id == StoreFile.file_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.vector_store_id == store_id, ~has_ended)
    )


def _with_status(statement: Select[*tuple[Any, ...]], status: FileStatus | None) -> Select[*tuple[Any, ...]]:
    return statement if status is None else statement.where(api_status.has_status(status))


def _with_warnings(statement: Select[*tuple[Any, ...]], has_warnings: bool | None) -> Select[*tuple[Any, ...]]:
    if has_warnings is None:
        return statement
    return statement.where(StoreFile.has_warnings if has_warnings else ~StoreFile.has_warnings)


def page_of_files(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    store_id: str,
    window: Window,
    read: Callable[[Any], Item],
) -> Page[Item]:
    """Return a page of what `read` makes of each row of a statement of `select_files`."""
    cursor = select(StoreFile.row).where(StoreFile.vector_store_id == store_id, StoreFile.file_id == bindparam("id"))
    return page(session, statement, StoreFile.row.expression, window, cursor, store_id, read)


def to_view(joined: Any) -> FileView:
    """Convert a row of `select_files`."""
    row: StoreFile = joined[0]
    return FileView(
        row=row.row,
        file_id=row.file_id,
        filename=joined.filename,
        vector_store_id=row.vector_store_id,
        created_at=row.created_at,
        status=file_status(row, batch_is_cancelled=joined.cancelled_at is not None),
        usage_bytes=row.usage_bytes,
        attributes=row.attributes,
        chunk_tokens=row.chunk_tokens,
        chunk_overlap=row.chunk_overlap,
        error_code=row.error_code,
        error_message=row.error_message,
        warnings=row.warnings,
        queue=QueuePlace(
            row_status=row.status,
            lane=row.lane,
            batch=row.batch,
            queued_at=row.queued_at,
            not_before=row.not_before,
            lease=None if row.lease_holder is None else (row.lease_holder, row.lease_until or 0.0),
        ),
    )


def _view_in_batch(joined: Any) -> FileView:
    error = {"error_code": joined.error_code, "error_message": joined.error_message}
    return replace(to_view(joined), status=joined.outcome, **error)
