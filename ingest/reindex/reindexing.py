"""Indexing a store's files anew, while they are found as they were (deploy/decisions/0009), also with another embedding
model (deploy/decisions/0011)."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import collections, stores
from ingest.db.models import FileBatch, OtherState, StoreFile, VectorStore
from ingest.db.queue import model_migration, requeue
from ingest.db.queue.counters import Sizes, locked
from ingest.db.queue.requeue import Only
from ingest.db.session import read_clock
from ingest.errors import Abandoned, InvalidRequest
from ingest.observability import logs
from ingest.services import Services
from ingest.steps.versions import pipeline_version
from ingest.stores.vector_stores import ChunkSizes, require_store, require_active_store

DAY_SECONDS = 86_400

TOGETHER = 100
"""Stores that are looked at in one transaction."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class Into:
    """The embedding model that a store is to go over to, by name: as a whole when all its files are ready, or `at_once`,
    each file when it is."""

    model: str
    at_once: bool = False


@dataclass(frozen=True)
class Models:
    """The embedding models of a store: `ready` of its `files` have points of the one that it goes over to, or that it
    may go back to until `kept_until`."""

    model: str
    other_model: str | None
    state: OtherState | None
    files: int
    ready: int
    kept_until: int | None


class _NotReady(Exception):
    """Files came in while the store was about to go over; undoes that."""


def begin(
    session: Session, services: Services, store_id: str, only: Only, chunking: ChunkSizes | None, into: Into | None = None
) -> FileBatch:
    """Queue files of a store, at most `max_batch_files` of them, as a batch; perhaps an empty one.

    `chunking` None leaves each file its own. Raises Abandoned when the store has been deleted or has expired, and
    InvalidRequest when it cannot go over to that model now.
    """
    store = _locked(session, store_id)
    batch = _batch(session, store, chunking)
    most = services.settings.max_batch_files
    if into is None or (into.model == store.model and store.other_state not in ("staging", "mixed")):
        requeue.reindex(session, batch, only, made_with=pipeline_version(store.model), limit=most)
        return batch
    if only != "all":
        raise InvalidRequest("'only' does not go with 'model': all files get points of the model.", param="only")
    batch.model = into.model
    _head_for(session, services, store, into, batch)
    return batch


def begin_return(session: Session, services: Services, store_id: str, *, at_once: bool) -> FileBatch:
    """Have a store go back to the model that it had before; what has no points of that any more is made anew, as a
    batch. Raises as `begin`."""
    store = _locked(session, store_id)
    if store.other_model is None or store.other_state not in ("kept", "mixed"):
        raise InvalidRequest(_nothing_to_go_back_to(store))
    return begin(session, services, store_id, "all", None, Into(store.other_model, at_once))


def resume(session: Session, services: Services, store_id: str, batch: FileBatch) -> None:
    """Go on with what a batch is for that runs again, should the store have left it. Raises as `begin`."""
    store = _locked(session, store_id)
    if batch.model is not None and batch.model != store.model:
        if store.other_state == "mixed":
            raise InvalidRequest(_in_the_way(store))
        _head_for(session, services, store, Into(batch.model), None)


def forget_old(services: Services, caller: Caller, store_id: str) -> Models:
    """Have the points of a store's former model deleted now. Raises NotFound; InvalidRequest while they are needed."""
    with services.database.transaction() as session:
        require_active_store(stores.get(session, caller.project, store_id), store_id)
        store = model_migration.locked(session, store_id)
        if store is not None and store.other_state in ("staging", "mixed"):
            raise InvalidRequest("The store is on its way to another embedding model: nothing of it can be deleted.")
        if store is not None and store.other_state == "kept":
            model_migration.change(session, store, other=store.other_model, state="dropping")
    return models(services, caller, store_id)


def models(services: Services, caller: Caller, store_id: str) -> Models:
    """The embedding models of a store, and how far it is. Raises NotFound."""
    with services.database.reading() as session:
        store = require_store(stores.get(session, caller.project, store_id), store_id)
        far = model_migration.progress(session, store)
        until = None
        if store.other_state == "kept" and store.kept_since is not None:
            until = int(store.kept_since + services.settings.embedding_kept_days * DAY_SECONDS)
        ready = far.ready if store.other_model is not None else far.files
        return Models(store.model, store.other_model, store.other_state, far.files, ready, until)


def missing(services: Services) -> list[str]:
    """The embedding models that stores are searched with and that are not configured."""
    with services.database.reading() as session:
        return sorted(collections.used(session) - services.settings.models.keys())


def advance_all(services: Services) -> None:
    """Take every store that is on its way to another model as far as it can go now."""
    last = 0
    while True:
        with services.database.reading() as session:
            page = model_migration.moving(session, last, TOGETHER)
        for store in page:
            advance(services, store.id)
        if not page:
            return
        last = page[-1].row


def advance(services: Services, store_id: str) -> None:
    """Take a store as far as it can go: index what has come in meanwhile, go over, delete what is not kept any more."""
    with services.database.reading() as session:
        if not _can_go_on(session, services, store_id):
            return
    begun = False
    with suppress(_NotReady, Abandoned), services.database.transaction() as session:
        store = model_migration.locked(session, store_id)
        if store is not None and store.other_state in ("staging", "mixed"):
            begun = _go_on(session, services, store)
        elif store is not None and store.other_state == "kept":
            _let_go(session, services, store)
    if begun:
        services.publish_waiting()
    _drop(services, store_id)


def _can_go_on(session: Session, services: Services, store_id: str) -> bool:
    """Whether there is anything to do: a store that a failed file holds up must not keep writers waiting for that."""
    store = model_migration.get(session, store_id)
    if store is None or store.other_state is None:
        return False
    if store.other_state == "kept":
        return model_migration.kept_too_long(session, store, services.settings.embedding_kept_days)
    if store.other_state == "dropping":
        return True
    if model_migration.is_worked_on(session, store):
        return False
    if model_migration.is_ready(session, store):
        return True
    return _is_followed(model_migration.latest_batch(session, store)) and _has_to_move(session, store)


def _is_followed(latest: FileBatch | None) -> bool:
    """Whether what has come in since a store's latest batch is taken along: not when somebody has cancelled that."""
    return latest is None or latest.cancelled_at is None


def _has_to_move(session: Session, store: VectorStore) -> bool:
    target = model_migration.target(store)
    return requeue.has_to_move(session, store.id, target, model_migration.left(store.other_state, target))


def _locked(session: Session, store_id: str) -> VectorStore:
    store = model_migration.locked(session, store_id)
    if store is None:
        raise Abandoned("the store was deleted or has expired")
    return store


def _batch(session: Session, store: VectorStore, chunking: ChunkSizes | None) -> FileBatch:
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store.id, created_at=int(read_clock(session)))
    if chunking is not None:
        batch.chunk_tokens, batch.chunk_overlap = chunking.max_tokens, chunking.overlap_tokens
    return batch


def _head_for(session: Session, services: Services, store: VectorStore, into: Into, batch: FileBatch | None) -> None:
    """Have a store go over to a model, and the files that need it indexed anew as `batch`.

    Files are locked before batches and these before the store, as everybody does.
    """
    if into.model not in services.settings.models:
        names = ", ".join(f"'{name}'" for name in services.settings.models)
        raise InvalidRequest(f"Unknown embedding model '{into.model}': configured are {names}.", param="model")
    onward = store.other_state == "mixed" and into.model == store.model
    if not onward and store.other_model not in (None, into.model):
        raise InvalidRequest(_in_the_way(store), param="model")
    if into.model == store.model and not onward:
        raise InvalidRequest(_nothing_to_go_back_to(store), param="model")
    mixed = store.other_state == "mixed" or into.at_once
    if mixed and not onward:  # what either of the two below changes, locked in one order
        changed = or_(StoreFile.aside_generation.is_not(None), StoreFile.model != into.model)
        locked(session, StoreFile.vector_store_id == store.id, changed)
    swapped = model_migration.swap(session, store) if mixed and not onward else Sizes()
    if batch is not None:
        left = model_migration.left("mixed" if mixed else "staging", into.model)
        requeue.move(session, batch, left, again=True, limit=services.settings.max_batch_files)
    if mixed and not onward:
        at = read_clock(session)
        model_migration.change(
            session, store, model=into.model, other=store.model, state="mixed", kept_since=at, more=swapped
        )
    elif not mixed and store.other_state != "staging":
        since = store.kept_since if store.other_state == "kept" else None
        model_migration.change(session, store, other=into.model, state="staging", kept_since=since)


def _go_on(session: Session, services: Services, store: VectorStore) -> bool:
    """Index what came in since, or go over when nothing is left; whether there is work for somebody."""
    if model_migration.is_worked_on(session, store):
        return False
    state, target = store.other_state, model_migration.target(store)
    latest = model_migration.latest_batch(session, store)
    if _is_followed(latest):
        batch = _batch(session, store, None)
        batch.model = target
        if latest is not None:
            batch.chunk_tokens, batch.chunk_overlap = latest.chunk_tokens, latest.chunk_overlap
        most = services.settings.max_batch_files
        left: ColumnElement[bool] = model_migration.left(state, target)
        if requeue.move(session, batch, left, again=False, limit=most):
            return True
    if not model_migration.is_ready(session, store):
        return False
    before = store.model if state == "staging" else store.other_model
    swapped = model_migration.swap(session, store) if state == "staging" else Sizes()
    at = read_clock(session)
    model_migration.change(session, store, model=target, other=before, state="kept", kept_since=at, more=swapped)
    if model_migration.is_mixed(session, store):  # now that nobody can complete a file: one did before
        raise _NotReady
    _log.info("store_moved", store=store.id, model=target, before=before)
    return False


def _let_go(session: Session, services: Services, store: VectorStore) -> None:
    if model_migration.kept_too_long(session, store, services.settings.embedding_kept_days):
        model_migration.change(session, store, other=store.other_model, state="dropping")


def _drop(services: Services, store_id: str) -> None:
    """Delete what a store does not keep any more, a slice a transaction so that others get their turn."""
    last: int | None = 0
    while True:
        with services.database.transaction() as session:
            store = model_migration.locked(session, store_id)
            if store is None or store.other_state != "dropping":
                return
            if last is None and model_migration.drop(session, store, 0) is None:
                model_migration.change(session, store, other=None, state=None)
                return
            last = model_migration.drop(session, store, last or 0)


def _in_the_way(store: VectorStore) -> str:
    other = store.other_model
    if store.other_state == "staging":
        return f"The store is on its way to the embedding model '{other}': wait for it, or cancel its batch."
    if store.other_state == "mixed":
        return f"The store goes over from the embedding model '{other}' file by file: finish that, or roll it back."
    if store.other_state == "kept":
        return f"The store still keeps its points of the embedding model '{other}': purge them first."
    return f"The store's points of the embedding model '{other}' are being deleted: try again in a moment."


def _nothing_to_go_back_to(store: VectorStore) -> str:
    if store.other_state == "staging":
        return f"The store is still found by '{store.model}': to leave it there, cancel the batch of the re-index."
    return f"The store has nothing but points of its embedding model '{store.model}': there is nothing to go back to."
