"""Batches of files on their way into a store (contract section 6)."""

from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.content.stores import Shown
from ingest.db.models import FileBatch
from ingest.db.pages import Page, Window
from ingest.db.queue import claims, membership
from ingest.db.queue.membership import Member
from ingest.db.session import read_clock
from ingest.errors import DependencyDown, NotFound
from ingest.services import Services
from ingest.status import FileStatus
from ingest.stores.members import attach_members
from ingest.stores.vector_stores import require_store


def create(services: Services, caller: Caller, store_id: str, members: Sequence[Member]) -> FileBatch:
    """Put files into a store as one batch; the first mention of a file counts. Raises NotFound."""
    distinct = list({member.file_id: member for member in reversed(members)}.values())[::-1]
    with services.database.reading() as session:
        created_at = int(read_clock(session))
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=created_at)
    attach_members(services, caller, store_id, distinct, batch)
    return retrieve(services, caller, store_id, batch.id)


def retrieve(services: Services, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Raises NotFound. One look-up by key, however large the batch."""
    with services.database.reading() as session:
        return require_batch(session, caller, store_id, batch_id)


def list_page(
    services: Services, caller: Caller, store_id: str, batch_id: str, window: Window, *, status: FileStatus | None
) -> Page[Shown]:
    """A page of a batch's files. Raises NotFound."""
    with services.database.reading() as session:
        return rows.batch_files(session, require_batch(session, caller, store_id, batch_id), window, status=status)


def cancel(services: Services, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Cancel what is not finished, at once; a finished batch is left as it is (contract section 10)."""
    with services.database.transaction() as session:
        batch = require_batch(session, caller, store_id, batch_id)
        cancelled = membership.cancel(session, batch)
    if cancelled and batch.in_progress <= claims.SWEEP_ROWS:
        # A transaction of its own: it locks files first, the one above its batch. What fails here the sweep does.
        with suppress(DependencyDown), services.database.transaction() as session:
            claims.sweep_cancelled(session, batch.row)
    return retrieve(services, caller, store_id, batch_id)


def get_by_rows(services: Services, batches: Sequence[int]) -> dict[int, FileBatch]:
    """Return the batches with these row numbers by row number, without those that are gone. Raises DependencyDown."""
    with services.database.reading() as session:
        return {batch.row: batch for batch in rows.batches(session, batches)}


def require_batch(session: Session, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    require_store(rows.get(session, caller.project, store_id), store_id)
    batch = rows.batch(session, store_id, batch_id)
    if batch is None:
        raise NotFound(f"No file batch found with id '{batch_id}' in vector store '{store_id}'.", param="batch_id")
    return batch
