"""Batches that run files of a store again: retries, re-indexes and roll-backs to the previous embedding model."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.models import FileBatch
from ingest.db.queue import requeue
from ingest.db.queue.requeue import Only, Reason, Retryable
from ingest.db.session import read_clock
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DependencyDown, NotFound
from ingest.reindex import reindexing
from ingest.reindex.reindexing import Into
from ingest.services import Services
from ingest.stores.batches import require_batch, retrieve
from ingest.stores.vector_stores import ChunkSizes, usable


@dataclass(frozen=True)
class Retried:
    """The batch of files that run again, None when there were none, and why they had not completed."""

    batch: FileBatch | None
    reasons: Sequence[Reason]
    has_more: bool


def retry(
    services: Services, caller: Caller, store_id: str, statuses: Sequence[Retryable], *, batch_id: str | None = None
) -> Retried:
    """Have the files of a store, or of one of its batches, that ended so run again as a new batch.

    At most `max_batch_files` of them; called again, the next. Raises NotFound; InvalidRequest for an expired store.
    """
    try:
        with services.database.transaction() as session:
            usable(rows.get(session, caller.project, store_id), store_id)
            ended = None if batch_id is None else require_batch(session, caller, store_id, batch_id).row
            batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=int(read_clock(session)))
            most = services.settings.max_batch_files
            reasons = requeue.retry(session, batch, statuses, of_batch=ended, limit=most)
            if reasons and batch.model is not None:
                reindexing.resume(session, services, store_id, batch)
            quotas.work(session, caller, 1)
            rows.touch(session, store_id)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    if not reasons:
        return Retried(None, [], has_more=False)
    services.publish_waiting()
    begun = retrieve(services, caller, store_id, batch.id)
    total = begun.in_progress + begun.completed + begun.failed + begun.cancelled
    return Retried(begun, reasons, has_more=total == most)


def reindex(
    services: Services, caller: Caller, store_id: str, only: Only, chunking: ChunkSizes | None, into: Into | None = None
) -> FileBatch:
    """Have a store's files indexed anew as a new batch, at most `max_batch_files` of them; each is found as it was until
    it completes, and goes on so if it does not. Raises NotFound; InvalidRequest for an expired store, or when it cannot
    go over to that model now."""
    return _begun(
        services, caller, store_id, lambda session: reindexing.begin(session, services, store_id, only, chunking, into)
    )


def go_back(services: Services, caller: Caller, store_id: str, *, at_once: bool = False) -> FileBatch:
    """Have a store go back to the embedding model that it had before, at once if every file still has points of that;
    the batch is of those that have none. Raises as `reindex`."""
    return _begun(
        services,
        caller,
        store_id,
        lambda session: reindexing.begin_return(session, services, store_id, at_once=at_once),
    )


def _begun(services: Services, caller: Caller, store_id: str, begin: Callable[[Session], FileBatch]) -> FileBatch:
    try:
        with services.database.transaction() as session:
            usable(rows.get(session, caller.project, store_id), store_id)
            batch = begin(session)
            quotas.work(session, caller, 1)
            rows.touch(session, store_id)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id") from exc
    services.publish_waiting()
    if batch.model is not None:
        with suppress(DependencyDown):  # what fails here the sweep does
            reindexing.advance(services, store_id)  # perhaps nothing is to be done
    return retrieve(services, caller, store_id, batch.id)
