"""Start of re-indexes: the files of a store are processed again as a batch, with the same or another embedding model.

Search keeps using the old points of a file until its new ones are complete. Decisions:
deploy/docs/decisions/0009-reindex-as-a-batch.md and deploy/docs/decisions/0011-embedding-models-of-stores.md.
"""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from ingest import ids
from ingest.db.models import FileBatch, ReindexScope, VectorStore
from ingest.db.queue import model_migration, requeue
from ingest.db.queue.counters import PointTotals
from ingest.db.session import read_clock
from ingest.errors import Abandoned, InvalidRequest
from ingest.reindex import gate
from ingest.reindex.gate import GateRequest
from ingest.services import Services
from ingest.steps.versions import pipeline_version
from ingest.stores.vector_stores import ChunkSizes


@dataclass(frozen=True)
class ModelTarget:
    """The embedding model that a store migrates to, by its configured name.

    The store cuts over as a whole when all its files are ready. A `rolling` migration cuts each file over when it is
    ready; search uses both models meanwhile. A `gate` holds the store back if golden queries find less than before;
    `force` overrides it.
    """

    model: str
    rolling: bool = False
    gate: GateRequest | None = None
    force: bool = False


def start(
    session: Session,
    services: Services,
    store_id: str,
    only: ReindexScope,
    chunk_sizes: ChunkSizes | None,
    target: ModelTarget | None = None,
) -> FileBatch:
    """Queue files of a store as a batch, at most `max_batch_files` of them. The batch may be empty.

    `chunk_sizes` None keeps the sizes of each file. Raises Abandoned if the store was deleted or has expired, and
    InvalidRequest if it cannot migrate to the target now.
    """
    if target is not None:
        target = replace(target, model=services.settings.full_name(target.model))
    store = _lock_store(session, store_id)
    batch = new_batch(session, store, chunk_sizes)
    limit = services.settings.max_batch_files
    if target is not None:
        _check_gate(session, store, target)
    if target is None or (target.model == store.model and store.standby_state not in ("staging", "mixed")):
        requeue.reindex(session, batch, only, pipeline_version=pipeline_version(store.model), limit=limit)
        return batch
    if only != "all":
        raise InvalidRequest("'only' does not go with 'model': all files get points of the model.", param="only")
    batch.model = target.model
    _start_migration(session, services, store, target, batch)
    return batch


def start_rollback(session: Session, services: Services, store_id: str, *, rolling: bool) -> FileBatch:
    """Migrate a store back to its previous model. The batch has the files without points of that model.

    Raises as `start` does.
    """
    store = _lock_store(session, store_id)
    if store.standby_model is None or store.standby_state not in ("kept", "mixed"):
        raise InvalidRequest(_no_rollback_message(store))
    return start(session, services, store_id, "all", None, ModelTarget(store.standby_model, rolling))


def resume_migration(session: Session, services: Services, store_id: str, batch: FileBatch) -> None:
    """Start the migration of a retried batch again, if its store has left it. Raises as `start` does."""
    store = _lock_store(session, store_id)
    if batch.model is not None and batch.model != store.model:
        if store.standby_state == "mixed":
            raise InvalidRequest(_conflict_message(store))
        gate.renew_gate(session, store, batch.model)
        _start_migration(session, services, store, ModelTarget(batch.model), None)


def new_batch(session: Session, store: VectorStore, chunk_sizes: ChunkSizes | None) -> FileBatch:
    """Return a batch that is not in the database yet."""
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store.id, created_at=int(read_clock(session)))
    if chunk_sizes is not None:
        batch.chunk_tokens, batch.chunk_overlap = chunk_sizes.max_tokens, chunk_sizes.overlap_tokens
    return batch


def _lock_store(session: Session, store_id: str) -> VectorStore:
    store = model_migration.lock_store(session, store_id)
    if store is None:
        raise Abandoned("the store was deleted or has expired")
    return store


def _start_migration(
    session: Session, services: Services, store: VectorStore, target: ModelTarget, batch: FileBatch | None
) -> None:
    """Set the target model of a store, and queue the files that need it as `batch`.

    Locks rows of files before those of batches, and these before the store (ingest/db/locks.py).
    """
    _check_target(services, store, target)
    is_rolling = store.standby_state == "mixed" or target.rolling
    continues = store.standby_state == "mixed" and target.model == store.model
    swapped = PointTotals()
    if is_rolling and not continues:
        model_migration.lock_files_of_cut_over(session, store, target.model)
        swapped = model_migration.swap_standby(session, store)
    if batch is not None:
        needs_reindex = model_migration.needs_reindex("mixed" if is_rolling else "staging", target.model)
        limit = services.settings.max_batch_files
        requeue.reindex_for_model(session, batch, needs_reindex, again=True, limit=limit)
        if is_rolling:
            gate.remove_gate(session, store, target.model)
        else:
            gate.set_gate(session, store, target.model, target.gate, force=target.force)
    if is_rolling and not continues:
        now = read_clock(session)
        model_migration.set_models(
            session,
            store,
            model=target.model,
            standby_model=store.model,
            standby_state="mixed",
            standby_since=now,
            added=swapped,
        )
    elif not is_rolling and store.standby_state != "staging":
        since = store.standby_since if store.standby_state == "kept" else None
        model_migration.set_models(
            session, store, standby_model=target.model, standby_state="staging", standby_since=since
        )


def _check_gate(session: Session, store: VectorStore, target: ModelTarget) -> None:
    """Refuse a gate that would compare nothing, and a request that would go round the gate of the store."""
    is_staging = store.standby_state == "staging" and store.standby_model == target.model
    if target.gate is not None and (target.rolling or target.model == store.model or store.standby_state == "mixed"):
        message = "'gate' goes with a model that the store cuts over to as a whole: another one, without 'now'."
        raise InvalidRequest(message, param="gate")
    if target.force and not is_staging:
        message = f"The store is not on its way to the embedding model '{target.model}': there is nothing to force."
        raise InvalidRequest(message, param="force")
    if is_staging and target.rolling and not target.force and not gate.allows_cut_over(session, store):
        raise InvalidRequest("The gate of the store has not passed: 'now' needs 'force'.", param="now")


def _check_target(services: Services, store: VectorStore, target: ModelTarget) -> None:
    if target.model not in services.settings.models:
        names = ", ".join(f"'{name}'" for name in services.settings.models)
        raise InvalidRequest(f"Unknown embedding model '{target.model}': configured are {names}.", param="model")
    if store.standby_state == "mixed" and target.model == store.model:
        return  # continues a rolling migration
    if store.standby_model not in (None, target.model):
        raise InvalidRequest(_conflict_message(store), param="model")
    if target.model == store.model:
        raise InvalidRequest(_no_rollback_message(store), param="model")


def _conflict_message(store: VectorStore) -> str:
    model = store.standby_model
    if store.standby_state == "staging":
        return f"The store is on its way to the embedding model '{model}': wait for it, or cancel its batch."
    if store.standby_state == "mixed":
        return f"The store goes over from the embedding model '{model}' file by file: finish that, or roll it back."
    if store.standby_state == "kept":
        return f"The store still keeps its points of the embedding model '{model}': purge them first."
    return f"The store's points of the embedding model '{model}' are being deleted: try again in a moment."


def _no_rollback_message(store: VectorStore) -> str:
    if store.standby_state == "staging":
        return f"The store is still found by '{store.model}': to leave it there, cancel the batch of the re-index."
    return f"The store has nothing but points of its embedding model '{store.model}': there is nothing to go back to."
