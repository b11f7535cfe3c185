"""Batches of files on their way into a store (contract section 6)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids, reindexing
from ingest.callers import Caller
from ingest.db import attachments, progress, quotas, restarts
from ingest.db import stores as rows
from ingest.db.attachments import Member
from ingest.db.models import FileBatch
from ingest.db.pages import Page, Window
from ingest.db.restarts import Only, Reason, Retryable
from ingest.db.session import read_clock
from ingest.db.stores import Shown
from ingest.errors import Abandoned, DependencyDown, NotFound
from ingest.reindexing import Into
from ingest.status import FileStatus
from ingest.store_files import attach_members
from ingest.tools import Tools
from ingest.vector_stores import Chunking, found, usable


@dataclass(frozen=True)
class Retried:
    """The batch of files that run again, None when there were none, and why they had not completed."""

    batch: FileBatch | None
    reasons: Sequence[Reason]
    has_more: bool


def create(tools: Tools, caller: Caller, store_id: str, members: Sequence[Member]) -> FileBatch:
    """Put files into a store as one batch; the first mention of a file counts. Raises NotFound."""
    distinct = list({member.file_id: member for member in reversed(members)}.values())[::-1]
    with tools.database.reading() as session:
        created_at = int(read_clock(session))
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=created_at)
    attach_members(tools, caller, store_id, distinct, batch)
    return retrieve(tools, caller, store_id, batch.id)


def retrieve(tools: Tools, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Raises NotFound. One look-up by key, however large the batch."""
    with tools.database.reading() as session:
        return _found(session, caller, store_id, batch_id)


def listed(
    tools: Tools, caller: Caller, store_id: str, batch_id: str, window: Window, *, status: FileStatus | None
) -> Page[Shown]:
    """A page of a batch's files. Raises NotFound."""
    with tools.database.reading() as session:
        return rows.batch_files(session, _found(session, caller, store_id, batch_id), window, status=status)


def cancel(tools: Tools, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    """Cancel what is not finished, at once; a finished batch is left as it is (contract section 10)."""
    with tools.database.transaction() as session:
        batch = _found(session, caller, store_id, batch_id)
        cancelled = attachments.cancel(session, batch)
    if cancelled and batch.in_progress <= progress.SWEEP_ROWS:
        # A transaction of its own: it locks files first, the one above its batch. What fails here the sweep does.
        with suppress(DependencyDown), tools.database.transaction() as session:
            progress.sweep_cancelled(session, batch.row)
    return retrieve(tools, caller, store_id, batch_id)


def retry(
    tools: Tools, caller: Caller, store_id: str, statuses: Sequence[Retryable], *, batch_id: str | None = None
) -> Retried:
    """Have the files of a store, or of one of its batches, that ended so run again as a new batch.

    At most `max_batch_files` of them; called again, the next. Raises NotFound; InvalidRequest for an expired store.
    """
    try:
        with tools.database.transaction() as session:
            usable(rows.get(session, caller.project, store_id), store_id)
            ended = None if batch_id is None else _found(session, caller, store_id, batch_id).row
            batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=int(read_clock(session)))
            most = tools.settings.max_batch_files
            reasons = restarts.retry(session, batch, statuses, of_batch=ended, limit=most)
            if reasons and batch.model is not None:
                reindexing.resume(session, tools, store_id, batch)
            quotas.work(session, caller, 1)
            rows.touch(session, store_id)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    if not reasons:
        return Retried(None, [], has_more=False)
    tools.announce()
    begun = retrieve(tools, caller, store_id, batch.id)
    total = begun.in_progress + begun.completed + begun.failed + begun.cancelled
    return Retried(begun, reasons, has_more=total == most)


def reindex(
    tools: Tools, caller: Caller, store_id: str, only: Only, chunking: Chunking | None, into: Into | None = None
) -> FileBatch:
    """Have a store's files indexed anew as a new batch, at most `max_batch_files` of them; each is found as it was until
    it completes, and goes on so if it does not. Raises NotFound; InvalidRequest for an expired store, or when it cannot
    go over to that model now."""
    return _begun(
        tools, caller, store_id, lambda session: reindexing.begin(session, tools, store_id, only, chunking, into)
    )


def go_back(tools: Tools, caller: Caller, store_id: str, *, at_once: bool = False) -> FileBatch:
    """Have a store go back to the embedding model that it had before, at once if every file still has points of that;
    the batch is of those that have none. Raises as `reindex`."""
    return _begun(
        tools, caller, store_id, lambda session: reindexing.begin_return(session, tools, store_id, at_once=at_once)
    )


def _begun(tools: Tools, caller: Caller, store_id: str, begin: Callable[[Session], FileBatch]) -> FileBatch:
    try:
        with tools.database.transaction() as session:
            usable(rows.get(session, caller.project, store_id), store_id)
            batch = begin(session)
            quotas.work(session, caller, 1)
            rows.touch(session, store_id)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    tools.announce()
    if batch.model is not None:
        with suppress(DependencyDown):  # what fails here the sweep does
            reindexing.advance(tools, store_id)  # perhaps nothing is to be done
    return retrieve(tools, caller, store_id, batch.id)


def _found(session: Session, caller: Caller, store_id: str, batch_id: str) -> FileBatch:
    found(rows.get(session, caller.project, store_id), store_id)
    batch = rows.batch(session, store_id, batch_id)
    if batch is None:
        raise NotFound(f"No file batch found with id '{batch_id}' in vector store '{store_id}'.", param="batch_id")
    return batch
