"""Migrations of stores to another embedding model: status, cut-over, rollback period and clean-up.

Decision: deploy/docs/decisions/0011-embedding-models-of-stores.md.
"""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db.content import collections, stores
from ingest.db.models import FileBatch, ReindexGate, StandbyState, VectorStore
from ingest.db.queue import model_migration, requeue
from ingest.db.queue.counters import PointTotals
from ingest.db.session import after_commit, read_clock
from ingest.errors import Abandoned, InvalidRequest
from ingest.observability import logs
from ingest.reindex import gate
from ingest.reindex.reindexing import new_batch
from ingest.services import Services
from ingest.status import DAY_SECONDS
from ingest.stores.vector_stores import require_active_store, require_store

STORES_PER_PAGE = 100

_log = logs.get(__name__)


@dataclass(frozen=True)
class MigrationStatus:
    """The embedding models of a store.

    `ready_files` of its `total_files` have points of the standby model. The points of a previous model are deleted at
    `kept_until` (seconds since 1970).
    """

    model: str
    standby_model: str | None
    standby_state: StandbyState | None
    total_files: int
    ready_files: int
    kept_until: int | None
    gate: ReindexGate | None = None
    """The gate of the migration that the store is in, or of the last one that cut over."""


class _CutOverUndone(Exception):
    """A file completed with the old model during the cut-over; rolls the transaction back."""


def get_migration_status(services: Services, caller: Caller, store_id: str) -> MigrationStatus:
    """Return the embedding models of a store and the progress of its migration. Raises NotFound."""
    with services.database.reading() as session:
        store = require_store(stores.get(session, caller.project, store_id), store_id)
        progress = model_migration.measure_progress(session, store)
        kept_until = None
        if store.standby_state == "kept" and store.standby_since is not None:
            kept_until = int(store.standby_since + services.settings.embedding_kept_days * DAY_SECONDS)
        ready = progress.ready if store.standby_model is not None else progress.files
        current_gate = gate.current_gate(session, store)
        return MigrationStatus(
            store.model, store.standby_model, store.standby_state, progress.files, ready, kept_until, current_gate
        )


def purge_previous_model(services: Services, caller: Caller, store_id: str) -> MigrationStatus:
    """Delete the points of a store's previous model before their time; then there is no rollback.

    The points of a model that a failed gate keeps the store from are deleted too, which ends that migration. Raises
    NotFound, and InvalidRequest while a migration needs the points.
    """
    with services.database.transaction() as session:
        require_active_store(stores.get(session, caller.project, store_id), store_id)
        store = model_migration.lock_store(session, store_id)
        if (
            store is not None
            and gate.is_failed(session, store)
            and not model_migration.has_open_migration(session, store)
        ):
            model_migration.set_models(session, store, standby_model=store.standby_model, standby_state="dropping")
        elif store is not None and store.standby_state in ("staging", "mixed"):
            raise InvalidRequest("The store is on its way to another embedding model: nothing of it can be deleted.")
        elif store is not None and store.standby_state == "kept":
            model_migration.set_models(session, store, standby_model=store.standby_model, standby_state="dropping")
    return get_migration_status(services, caller, store_id)


def find_unconfigured_models(services: Services) -> list[str]:
    """Return the embedding models that stores use and that are not configured."""
    with services.database.reading() as session:
        return sorted(collections.models_in_use(session) - services.settings.models.keys())


def advance_migrations(services: Services) -> None:
    """Evaluate the gate and advance the migration of every store that has a second model. Maintenance calls it."""
    last_row = 0
    while True:
        with services.database.reading() as session:
            page = model_migration.migrating_stores(session, last_row, STORES_PER_PAGE)
        for store in page:
            gate.evaluate(services, store.id)
            advance_migration(services, store.id)
        if not page:
            return
        last_row = page[-1].row


def advance_migration(services: Services, store_id: str) -> None:
    """Take the next steps of a store's migration.

    Queue the files that were added since the last batch, cut over when all files are ready and the gate has passed, and
    delete the points of a previous model when its rollback period is over.
    """
    with services.database.reading() as session:
        if not _can_advance(session, services, store_id):
            return
    with suppress(_CutOverUndone, Abandoned), services.database.transaction() as session:
        store = model_migration.lock_store(session, store_id)
        if store is not None and store.standby_state in ("staging", "mixed"):
            _queue_files_or_cut_over(session, services, store)
        elif store is not None and store.standby_state == "kept":
            _end_rollback_period(session, services, store)
    _drop_standby_points(services, store_id)


def _can_advance(session: Session, services: Services, store_id: str) -> bool:
    """Return whether there is anything to do.

    Asked before the store is locked: a store that one failed file holds up for days must not block its writers.
    """
    store = model_migration.get_store(session, store_id)
    if store is None or store.standby_state is None:
        return False
    if store.standby_state == "kept":
        return model_migration.is_rollback_period_over(session, store, services.settings.embedding_kept_days)
    if store.standby_state == "dropping":
        return True
    if model_migration.has_open_migration(session, store):
        return False
    if model_migration.is_ready(session, store):
        return gate.allows_cut_over(session, store)
    return _queues_new_files(model_migration.latest_batch(session, store)) and _has_files_to_queue(session, store)


def _queues_new_files(latest_batch: FileBatch | None) -> bool:
    """Return whether files that were added since the latest batch are queued too: not after a cancel of that batch."""
    return latest_batch is None or latest_batch.cancelled_at is None


def _has_files_to_queue(session: Session, store: VectorStore) -> bool:
    target = model_migration.target_model(store)
    needs_reindex = model_migration.needs_reindex(store.standby_state, target)
    return requeue.has_files_for_model(session, store.id, target, needs_reindex)


def _queue_files_or_cut_over(session: Session, services: Services, store: VectorStore) -> None:
    if model_migration.has_open_migration(session, store):
        return
    if _queue_new_files(session, services, store):
        after_commit(session, services.publish_waiting)
    elif model_migration.is_ready(session, store) and gate.allows_cut_over(session, store):
        _cut_over(session, store)


def _queue_new_files(session: Session, services: Services, store: VectorStore) -> bool:
    """Queue the files that still need the target model as one more batch. Return False if there are none."""
    latest_batch = model_migration.latest_batch(session, store)
    if not _queues_new_files(latest_batch):
        return False
    target = model_migration.target_model(store)
    batch = new_batch(session, store, None)
    batch.model = target
    if latest_batch is not None:
        batch.chunk_tokens, batch.chunk_overlap = latest_batch.chunk_tokens, latest_batch.chunk_overlap
    needs_reindex = model_migration.needs_reindex(store.standby_state, target)
    limit = services.settings.max_batch_files
    return bool(requeue.reindex_for_model(session, batch, needs_reindex, again=False, limit=limit))


def _cut_over(session: Session, store: VectorStore) -> None:
    """Let search use the target model only, and keep the previous one for a rollback. Raises _CutOverUndone."""
    target, is_staged = model_migration.target_model(store), store.standby_state == "staging"
    previous = store.model if is_staged else store.standby_model
    swapped = model_migration.swap_standby(session, store) if is_staged else PointTotals()
    now = read_clock(session)
    model_migration.set_models(
        session, store, model=target, standby_model=previous, standby_state="kept", standby_since=now, added=swapped
    )
    # Checked once more under the lock of the store's row: no file can complete from here on, but one may just have.
    if model_migration.is_mixed(session, store):
        raise _CutOverUndone
    _log.info("store_cut_over", store=store.id, model=target, previous_model=previous)


def _end_rollback_period(session: Session, services: Services, store: VectorStore) -> None:
    if model_migration.is_rollback_period_over(session, store, services.settings.embedding_kept_days):
        model_migration.set_models(session, store, standby_model=store.standby_model, standby_state="dropping")


def _drop_standby_points(services: Services, store_id: str) -> None:
    """Have the standby points of a store deleted, a slice per transaction, so that other writers get their turn."""
    last_row: int | None = 0
    while True:
        with services.database.transaction() as session:
            store = model_migration.lock_store(session, store_id)
            if store is None or store.standby_state != "dropping":
                return
            if last_row is None and model_migration.drop_standby(session, store, 0) is None:
                model_migration.set_models(session, store, standby_model=None, standby_state=None)
                return
            last_row = model_migration.drop_standby(session, store, last_row or 0)
