"""Batches that process files of a store again: retries, re-indexes, and rollbacks to the previous embedding model."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.models import FileBatch, ReindexScope
from ingest.db.queue import requeue
from ingest.db.queue.requeue import ReasonCount, RetryableStatus
from ingest.db.session import after_commit, read_clock
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DependencyDown
from ingest.reindex import migration, reindexing
from ingest.reindex.reindexing import ModelTarget
from ingest.services import Services
from ingest.status import file_counts
from ingest.stores.batches import require_batch, retrieve
from ingest.stores.vector_stores import ChunkSizes, require_active_store, store_not_found


@dataclass(frozen=True)
class RetryResult:
    """The batch of the retried files (None if there were none), and why those files had not completed.

    `has_more`: the batch is full, so there may be more files to retry.
    """

    batch: FileBatch | None
    reasons: Sequence[ReasonCount]
    has_more: bool


def retry(
    services: Services,
    caller: Caller,
    store_id: str,
    statuses: Sequence[RetryableStatus],
    *,
    batch_id: str | None = None,
) -> RetryResult:
    """Queue the files of a store, or of one of its batches, that ended with these statuses, as a new batch.

    Queues at most `max_batch_files` files; a second call takes the next ones. Raises NotFound, and InvalidRequest for an
    expired store.
    """
    try:
        with services.database.transaction() as session:
            require_active_store(rows.get(session, caller.project, store_id), store_id)
            batch_row = None if batch_id is None else require_batch(session, caller, store_id, batch_id).row
            batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=int(read_clock(session)))
            limit = services.settings.max_batch_files
            reasons = requeue.retry(session, batch, statuses, of_batch=batch_row, limit=limit)
            if reasons and batch.model is not None:
                reindexing.resume_migration(session, services, store_id, batch)
            quotas.check_files_in_progress(session, caller, 1)
            rows.touch(session, store_id)
            if reasons:
                after_commit(session, services.publish_waiting)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted concurrently
        raise store_not_found(store_id) from exc
    if not reasons:
        return RetryResult(None, [], has_more=False)
    started = retrieve(services, caller, store_id, batch.id)
    return RetryResult(started, reasons, has_more=file_counts(started)["total"] == limit)


def reindex(
    services: Services,
    caller: Caller,
    store_id: str,
    only: ReindexScope,
    chunk_sizes: ChunkSizes | None,
    target: ModelTarget | None = None,
) -> FileBatch:
    """Queue the files of a store for re-indexing, at most `max_batch_files` of them, as a new batch.

    Search keeps using the old points of a file until it completes, and if it fails. Raises NotFound, and InvalidRequest
    for an expired store or one that cannot migrate to the target now.
    """
    return _start_batch(
        services,
        caller,
        store_id,
        lambda session: reindexing.start(session, services, store_id, only, chunk_sizes, target),
    )


def roll_back(services: Services, caller: Caller, store_id: str, *, rolling: bool = False) -> FileBatch:
    """Migrate a store back to its previous embedding model, at once if every file still has points of that model.

    The batch has the files without such points. Raises as `reindex` does.
    """
    return _start_batch(
        services,
        caller,
        store_id,
        lambda session: reindexing.start_rollback(session, services, store_id, rolling=rolling),
    )


def _start_batch(services: Services, caller: Caller, store_id: str, start: Callable[[Session], FileBatch]) -> FileBatch:
    try:
        with services.database.transaction() as session:
            require_active_store(rows.get(session, caller.project, store_id), store_id)
            batch = start(session)
            quotas.check_files_in_progress(session, caller, 1)
            rows.touch(session, store_id)
            after_commit(session, services.publish_waiting)
    except (IntegrityError, Abandoned) as exc:  # the store was deleted concurrently
        raise store_not_found(store_id) from exc
    if batch.model is not None:
        # Cuts over at once if all files have points of the model. After an outage, or with a gate, maintenance does it.
        with suppress(DependencyDown):
            migration.advance_migration(services, store_id)
    return retrieve(services, caller, store_id, batch.id)
