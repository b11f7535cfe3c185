"""File batches of a vector store (deploy/docs/api-contract.md section 6)."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import batches as batch_rows
from ingest.db.content import members as member_rows
from ingest.db.content import stores as rows
from ingest.db.content.members import FileView
from ingest.db.models import FileBatch
from ingest.db.pages import Page, Window
from ingest.db.queue import cancellation, reclaim
from ingest.db.queue.membership import Member
from ingest.db.session import read_clock
from ingest.errors import DependencyDown, NotFound
from ingest.services import Services
from ingest.status import FileStatus
from ingest.stores.members import attach_members
from ingest.stores.vector_stores import require_store


def create(services: Services, caller: Caller, store_id: str, members: Sequence[Member]) -> FileBatch:
    """Add files to a store as one batch. Of a file that is given several times, the first mention counts.

    Raises as `attach_members` does.
    """
    distinct = list({member.file_id: member for member in reversed(members)}.values())[::-1]
    with services.database.reading() as session:
        created_at = int(read_clock(session))
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=created_at)
    attach_members(services, caller, store_id, distinct, batch)
    return retrieve(services, caller, store_id, batch.id)


def retrieve(services: Services, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Return a batch. Raises NotFound."""
    with services.database.reading() as session:
        return require_batch(session, caller, store_id, batch_id)


def list_of_store(services: Services, caller: Caller, store_id: str, window: Window) -> Page[FileBatch]:
    """Return a page of a store's batches. Raises NotFound."""
    with services.database.reading() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        return batch_rows.list_page(session, store_id, window)


def list_page(
    services: Services,
    caller: Caller,
    store_id: str,
    batch_id: str,
    window: Window,
    *,
    status: FileStatus | None,
    has_warnings: bool | None = None,
) -> Page[FileView]:
    """Return a page of a batch's files. Raises NotFound."""
    with services.database.reading() as session:
        batch = require_batch(session, caller, store_id, batch_id)
        return member_rows.list_batch_files(session, batch, window, status=status, has_warnings=has_warnings)


def cancel(services: Services, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Cancel the unfinished files of a batch. An ended batch stays as it is (deploy/docs/api-contract.md section 10).

    Raises NotFound.
    """
    with services.database.transaction() as session:
        batch = require_batch(session, caller, store_id, batch_id)
        is_cancelled = cancellation.cancel_batch(session, batch)
    if is_cancelled and batch.in_progress <= reclaim.ROWS_PER_TRANSACTION:
        # In a second transaction because it locks files before batches, and the first one has locked the batch.
        # Maintenance does it for large batches, and after an outage.
        with suppress(DependencyDown), services.database.transaction() as session:
            cancellation.mark_cancelled_files(session, batch.row)
    return retrieve(services, caller, store_id, batch_id)


def get_by_rows(services: Services, row_numbers: Sequence[int]) -> dict[int, FileBatch]:
    """Return those of the batches that still exist, by row number."""
    with services.database.reading() as session:
        return {batch.row: batch for batch in batch_rows.get_batches(session, row_numbers)}


def require_batch(session: Session, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Return a batch in the caller's transaction. Raises NotFound."""
    require_store(rows.get(session, caller.project, store_id), store_id)
    batch = batch_rows.get_batch(session, store_id, batch_id)
    if batch is None:
        raise NotFound(f"No file batch found with id '{batch_id}' in vector store '{store_id}'.", param="batch_id")
    return batch
