"""The migration of a store from one embedding model to another, and back (deploy/docs/decisions/0011-embedding-models-of-stores.md).

A transaction that changes a store's models or their state takes the `store_membership` lock first and advances the epoch.
A claim from an earlier epoch then ends with ModelChanged (ingest/db/queue/counters.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import execute
from ingest.db.models import FileBatch, StandbyState, StoreFile, VectorStore
from ingest.db.queue import point_jobs
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.transitions import LIVE_COLUMNS, STANDBY_FIELDS, lock_rows, without_standby
from ingest.db.session import read_clock
from ingest.status import DAY_SECONDS, UNFINISHED

SWAP_ROWS = 5_000
"""Rows that one statement of a cut-over rewrites. All statements are one transaction."""

DROP_ROWS = 2_000
"""Rows whose standby points one transaction gives up."""


@dataclass(frozen=True)
class MigrationProgress:
    """The number of files with live points, and how many of them are ready for the cut-over or the rollback."""

    files: int
    ready: int


@dataclass(frozen=True)
class SearchModels:
    """The models to search a store with, at an epoch. `is_mixed` during a rolling migration, file by file."""

    models: tuple[str, ...]
    is_mixed: bool
    epoch: int


def search_models(session: Session, store: VectorStore) -> SearchModels:
    """Return the models to search a store with.

    During a rolling migration these are both models, but not one without live files: its embedder may not have answered
    yet, or may be gone.
    """
    if store.standby_state != "mixed" or store.standby_model is None:
        return SearchModels((store.model,), False, store.epoch)
    both = (store.model, store.standby_model)
    in_store = StoreFile.vector_store_id == store.id
    has_files = session.execute(select(*(exists().where(in_store, StoreFile.model == model) for model in both))).one()
    models = tuple(model for model, has_file in zip(both, has_files, strict=True) if has_file)
    return SearchModels(models, True, store.epoch)


# --- reading a store's migration ---


def lock_store(session: Session, store_id: str) -> VectorStore | None:
    """Take the lock that a change of a store's models needs, and return the store if it is active."""
    locks.advisory_lock(session, locks.store_membership(store_id))
    return get_store(session, store_id)


def get_store(session: Session, store_id: str) -> VectorStore | None:
    """Return the store if it is active, freshly read."""
    active = (VectorStore.id == store_id, VectorStore.is_active)
    return session.scalar(select(VectorStore).where(*active).execution_options(populate_existing=True))


def migrating_stores(session: Session, after_row: int, limit: int) -> Sequence[VectorStore]:
    """Return the next active stores with a standby model, by row number."""
    migrating = (VectorStore.standby_model.is_not(None), VectorStore.row > after_row, VectorStore.is_active)
    return session.scalars(select(VectorStore).where(*migrating).order_by(VectorStore.row).limit(limit)).all()


def measure_progress(session: Session, store: VectorStore) -> MigrationProgress:
    """Count the files of a store with a standby model, and those that are ready."""
    live = (StoreFile.vector_store_id == store.id, StoreFile.live_generation.is_not(None))
    ready_count = func.count().filter(~needs_reindex(store.standby_state, store.model))
    files, ready = session.execute(select(func.count(), ready_count).select_from(StoreFile).where(*live)).one()
    return MigrationProgress(files, ready)


def target_model(store: VectorStore) -> str:
    """Return the model that a store migrates to."""
    return store.model if store.standby_state == "mixed" else store.standby_model or store.model


def is_ready(session: Session, store: VectorStore) -> bool:
    """Return whether every live file has points of the target model."""
    unready = (StoreFile.vector_store_id == store.id, needs_reindex(store.standby_state, target_model(store)))
    return session.scalar(select(StoreFile.row).where(*unready).limit(1)) is None


def is_mixed(session: Session, store: VectorStore) -> bool:
    """Return whether a file has live points of another model than the store's."""
    of_other_model = (StoreFile.vector_store_id == store.id, StoreFile.model != store.model)
    return session.scalar(select(StoreFile.row).where(*of_other_model).limit(1)) is not None


def needs_reindex(state: StandbyState | None, model: str) -> ColumnElement[bool]:
    """Match live files that have no points of the model that their store migrates to."""
    if state == "mixed":
        return StoreFile.model != model
    return and_(StoreFile.live_generation.is_not(None), StoreFile.standby_generation.is_(None))


def latest_batch(session: Session, store: VectorStore) -> FileBatch | None:
    """Return the latest batch that migrates the store to its target model."""
    to_target = (FileBatch.vector_store_id == store.id, FileBatch.model == target_model(store))
    return session.scalar(select(FileBatch).where(*to_target).order_by(FileBatch.row.desc()).limit(1))


def has_open_migration(session: Session, store: VectorStore) -> bool:
    """Return whether a batch in progress migrates the store."""
    return _has_open_batch(session, store.id, FileBatch.model.is_not(None))


def has_open_batch_to_same_model(session: Session, batch: FileBatch) -> bool:
    """Return whether a batch in progress migrates the store of this batch to the same model."""
    return _has_open_batch(session, batch.vector_store_id, FileBatch.model == batch.model)


def is_rollback_period_over(session: Session, store: VectorStore, days: float) -> bool:
    """Return whether the former model's points were kept for this many days."""
    return store.standby_since is not None and store.standby_since + days * DAY_SECONDS <= read_clock(session)


# --- changing it ---


def set_models(
    session: Session,
    store: VectorStore,
    *,
    model: str | None = None,
    standby_model: str | None,
    standby_state: StandbyState | None,
    standby_since: float | None = None,
    added: PointTotals = PointTotals(),  # noqa: B008 - frozen
) -> None:
    """Set the models of a locked store, add to its totals and advance its epoch. `model` None leaves it."""
    values: dict[str, Any] = {name: getattr(VectorStore, name) + amount for name, amount in vars(added).items()}
    values |= {
        "standby_model": standby_model,
        "standby_state": standby_state,
        "standby_since": standby_since,
        "epoch": VectorStore.epoch + 1,
    }
    if model is not None:
        values["model"] = model
    execute(session, update(VectorStore).where(VectorStore.row == store.row).values(values))
    session.refresh(store)


def lock_files_of_cut_over(session: Session, store: VectorStore, model: str) -> None:
    """Lock the files that a cut-over to a model changes, before `swap_standby` and a re-index lock some of them each.

    Locked here, all of them are locked in the one order (ingest/db/locks.py).
    """
    is_affected = or_(StoreFile.standby_generation.is_not(None), StoreFile.model != model)
    lock_rows(session, StoreFile.vector_store_id == store.id, is_affected)


def swap_standby(session: Session, store: VectorStore) -> PointTotals:
    """Swap the live and the standby points of all files that have both, and return what that adds to the store's totals.

    The caller calls `set_models` in the same transaction, afterwards: files are locked before their store.
    """
    added = PointTotals()
    for rows in _lock_standby_slices(session, store):
        sums = select(*(func.coalesce(func.sum(standby - live), 0) for standby, live in _TOTALS)).where(rows)
        added = added.plus(PointTotals(*(int(amount) for amount in session.execute(sums).one())))
        execute(session, update(StoreFile).where(rows).values(_SWAPPED))
    return added


def cancel_migration(session: Session, batch: FileBatch) -> None:
    """End the migration of a store because its batch was cancelled: the store stays with its model."""
    staging = (VectorStore.id == batch.vector_store_id, VectorStore.standby_state == "staging")
    state = case((VectorStore.standby_since.is_not(None), "kept"), else_="dropping")
    values = {"standby_state": state, "epoch": VectorStore.epoch + 1}
    execute(session, update(VectorStore).where(*staging, VectorStore.standby_model == batch.model).values(values))


def drop_standby(session: Session, store: VectorStore, after_row: int) -> int | None:
    """Purge the standby points of the next `DROP_ROWS` files, and return the last row; None if there is no file."""
    has_standby = (StoreFile.vector_store_id == store.id, StoreFile.standby_generation.is_not(None))
    next_rows = select(StoreFile.row).where(*has_standby, StoreFile.row > after_row).order_by(StoreFile.row)
    rows = session.scalars(next_rows.limit(DROP_ROWS).with_for_update()).all()
    _purge_standby(session, StoreFile.row.in_(rows))
    return rows[-1] if rows else None


def drop_standby_of_file(session: Session, row: int, generation: int) -> bool:
    """Purge a file's standby points if they have this generation. They are made again when the store needs them."""
    has_standby = (StoreFile.row == row, StoreFile.standby_generation == generation)
    if session.scalar(select(StoreFile.row).where(*has_standby).with_for_update()) is None:
        return False
    _purge_standby(session, StoreFile.row == row)
    return True


def _has_open_batch(session: Session, store_id: str, condition: ColumnElement[bool]) -> bool:
    in_progress = (FileBatch.vector_store_id == store_id, condition, FileBatch.in_progress > 0)
    return session.scalar(select(FileBatch.row).where(*in_progress).limit(1)) is not None


def _purge_standby(session: Session, files: ColumnElement[bool]) -> None:
    generation = StoreFile.standby_generation.expression
    point_jobs.purge_where(session, files, generation, generation)
    execute(session, update(StoreFile).where(files).values(without_standby()))


def _lock_standby_slices(session: Session, store: VectorStore) -> Iterator[ColumnElement[bool]]:
    """Lock the files with standby points, `SWAP_ROWS` at a time by row number, and yield a condition for each slice."""
    last_row = 0
    while True:
        has_standby = and_(StoreFile.vector_store_id == store.id, StoreFile.standby_generation.is_not(None))
        next_rows = select(StoreFile.row).where(has_standby, StoreFile.row > last_row).order_by(StoreFile.row)
        rows = session.scalars(next_rows.limit(SWAP_ROWS).with_for_update()).all()
        if not rows:
            return
        last_row = rows[-1]
        yield and_(has_standby, StoreFile.row >= rows[0], StoreFile.row <= last_row)


_TOTALS: Sequence[tuple[Any, Any]] = (
    (StoreFile.standby_chunks, StoreFile.chunks),
    (StoreFile.standby_terms, StoreFile.terms),
    (StoreFile.standby_usage_bytes, StoreFile.usage_bytes),
)
_SWAPPED = {f"standby_{field}": live for field, live in zip(STANDBY_FIELDS, LIVE_COLUMNS, strict=True)} | {
    live.key: getattr(StoreFile, f"standby_{field}") for field, live in zip(STANDBY_FIELDS, LIVE_COLUMNS, strict=True)
}
# The chunking of a file that is attached again is that of its next points, not of the live ones: it stays.
_IS_ATTACHED_AGAIN = and_(StoreFile.status.in_(UNFINISHED), StoreFile.pending_chunk_tokens.is_(None))
_SWAPPED |= {
    "chunk_tokens": case((_IS_ATTACHED_AGAIN, StoreFile.chunk_tokens), else_=StoreFile.standby_chunk_tokens),
    "chunk_overlap": case((_IS_ATTACHED_AGAIN, StoreFile.chunk_overlap), else_=StoreFile.standby_chunk_overlap),
}
