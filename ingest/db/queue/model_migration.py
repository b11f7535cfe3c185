"""A store on its way from one embedding model to another, and back (deploy/decisions/0011).

Whoever changes the models of a store, or their state, has named its `attach:` lock first and makes its epoch grow, which
sends back whoever works by what was before (counters.settle).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, false, func, insert, literal, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import FileBatch, OtherState, PointJob, StoreFile, VectorStore
from ingest.db.queue.counters import ASIDE, LIVE, Sizes, nothing_aside
from ingest.db.session import read_clock, serialise
from ingest.status import UNFINISHED

SWAP_ROWS = 5_000
"""Rows that one statement of a switch rewrites; all of them are one transaction."""

DROP_ROWS = 2_000
"""Rows that one transaction frees of what they have aside."""


@dataclass(frozen=True)
class Progress:
    """How many of the files that can be found have points of the model that the store goes over to, or may go back to."""

    files: int
    ready: int


@dataclass(frozen=True)
class Stand:
    """The models that a store is searched with, at an epoch; `mixed` while it goes over file by file."""

    models: tuple[str, ...]
    mixed: bool
    epoch: int


def stand(session: Session, store: VectorStore) -> Stand:
    """That of a store that was read. While it goes over file by file both models are searched, but not one by which no
    file is found: its embedder may not have answered yet, or not be there any more."""
    if store.other_state != "mixed" or store.other_model is None:
        return Stand((store.model,), False, store.epoch)
    both = (store.model, store.other_model)
    mine = StoreFile.vector_store_id == store.id
    asked = session.execute(select(*(exists().where(mine, StoreFile.model == model) for model in both))).one()
    return Stand(tuple(model for model, any_file in zip(both, asked, strict=True) if any_file), True, store.epoch)


def locked(session: Session, store_id: str) -> VectorStore | None:
    """A store that neither is deleted nor has expired, with its models for this transaction alone to change."""
    serialise(session, f"attach:{store_id}")
    return get(session, store_id)


def get(session: Session, store_id: str) -> VectorStore | None:
    """A store that neither is deleted nor has expired, as it is in the database."""
    alive = (VectorStore.id == store_id, VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    return session.scalar(select(VectorStore).where(*alive).execution_options(populate_existing=True))


def moving(session: Session, after_row: int, limit: int) -> Sequence[VectorStore]:
    """A page of the stores with a second model, by row number."""
    theirs = (VectorStore.other_model.is_not(None), VectorStore.row > after_row)
    alive = (VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    return session.scalars(select(VectorStore).where(*theirs, *alive).order_by(VectorStore.row).limit(limit)).all()


def progress(session: Session, store: VectorStore) -> Progress:
    """How far a store with a second model is."""
    mine = (StoreFile.vector_store_id == store.id, StoreFile.live_generation.is_not(None))
    ready = func.count().filter(~left(store.other_state, store.model))
    files, done = session.execute(select(func.count(), ready).select_from(StoreFile).where(*mine)).one()
    return Progress(files, done)


def target(store: VectorStore) -> str:
    """The model that a store goes over to."""
    return store.model if store.other_state == "mixed" else store.other_model or store.model


def is_ready(session: Session, store: VectorStore) -> bool:
    """Whether every file that can be found has points of the model that the store goes over to."""
    mine = (StoreFile.vector_store_id == store.id, left(store.other_state, target(store)))
    return session.scalar(select(StoreFile.row).where(*mine).limit(1)) is None


def is_mixed(session: Session, store: VectorStore) -> bool:
    """Whether a file is found by its points of another model than the store's."""
    mine = (StoreFile.vector_store_id == store.id, StoreFile.model != store.model)
    return session.scalar(select(StoreFile.row).where(*mine).limit(1)) is not None


def left(state: OtherState | None, model: str) -> ColumnElement[bool]:
    """That a file can be found, and has to be indexed anew for its store to go over to a model."""
    if state == "mixed":
        return StoreFile.model != model
    return and_(StoreFile.live_generation.is_not(None), StoreFile.aside_generation.is_(None))


def latest_batch(session: Session, store: VectorStore) -> FileBatch | None:
    """The batch that was last begun to take the store to where it goes."""
    mine = (FileBatch.vector_store_id == store.id, FileBatch.model == target(store))
    return session.scalar(select(FileBatch).where(*mine).order_by(FileBatch.row.desc()).limit(1))


def is_worked_on(session: Session, store: VectorStore) -> bool:
    """Whether a batch is in progress that takes the store to another model."""
    return _in_progress(session, store.id, FileBatch.model.is_not(None))


def is_headed_for(session: Session, batch: FileBatch) -> bool:
    """Whether a batch is in progress that takes the store of this one to the same model."""
    return _in_progress(session, batch.vector_store_id, FileBatch.model == batch.model)


def _in_progress(session: Session, store_id: str, which: ColumnElement[bool]) -> bool:
    mine = (FileBatch.vector_store_id == store_id, which, FileBatch.in_progress > 0)
    return session.scalar(select(FileBatch.row).where(*mine).limit(1)) is not None


def change(
    session: Session,
    store: VectorStore,
    *,
    model: str | None = None,
    other: str | None,
    state: OtherState | None,
    kept_since: float | None = None,
    more: Sizes = Sizes(),  # noqa: B008 - frozen
) -> None:
    """Write down the models of a locked store and what that adds to its sizes, and send back who works by what was."""
    values: dict[str, Any] = {name: getattr(VectorStore, name) + amount for name, amount in vars(more).items()}
    values |= {"other_model": other, "other_state": state, "kept_since": kept_since, "epoch": VectorStore.epoch + 1}
    if model is not None:
        values["model"] = model
    run(session, update(VectorStore).where(VectorStore.row == store.row).values(values))
    session.refresh(store)


def swap(session: Session, store: VectorStore) -> Sizes:
    """Show what files have aside in the place of what they showed, which is then aside; what that adds to the store.

    `change` follows in the same transaction: rows are locked before their store, as everybody does.
    """
    more = Sizes()
    for rows in _slices(session, store):
        sums = select(*(func.coalesce(func.sum(aside - live), 0) for aside, live in _SIZES)).where(rows)
        more = more.plus(Sizes(*(int(amount) for amount in session.execute(sums).one())))
        run(session, update(StoreFile).where(rows).values(_SWAPPED))
    return more


def stop(session: Session, batch: FileBatch) -> None:
    """A batch that takes its store to another model has been cancelled: the store stays where it is found now."""
    going = (VectorStore.id == batch.vector_store_id, VectorStore.other_state == "staging")
    state = case((VectorStore.kept_since.is_not(None), "kept"), else_="dropping")
    values = {"other_state": state, "epoch": VectorStore.epoch + 1}
    run(session, update(VectorStore).where(*going, VectorStore.other_model == batch.model).values(values))


def drop(session: Session, store: VectorStore, after_row: int) -> int | None:
    """Have what some files of a store have aside deleted, of those after a row; the last of them, None for none."""
    mine = (StoreFile.vector_store_id == store.id, StoreFile.aside_generation.is_not(None), StoreFile.row > after_row)
    found = session.scalars(
        select(StoreFile.row).where(*mine).order_by(StoreFile.row).limit(DROP_ROWS).with_for_update()
    ).all()
    _forget(session, StoreFile.row.in_(found))
    return found[-1] if found else None


def drop_one(session: Session, row: int, generation: int) -> bool:
    """Have this generation of a file deleted if it is aside; it is made again when the store needs it."""
    mine = (StoreFile.row == row, StoreFile.aside_generation == generation)
    if session.scalar(select(StoreFile.row).where(*mine).with_for_update()) is None:
        return False
    _forget(session, StoreFile.row == row)
    return True


def kept_too_long(session: Session, store: VectorStore, days: float) -> bool:
    """Whether the time is over for which a store's other model is kept."""
    return store.kept_since is not None and store.kept_since + days * 86_400 <= read_clock(session)


def _forget(session: Session, which: ColumnElement[bool]) -> None:
    columns = ["kind", "vector_store_id", "store_file", "first", "generation", "due_at", "final"]
    aside = (StoreFile.aside_generation, StoreFile.aside_generation.label("last"))
    due_at = literal(read_clock(session))
    jobs = select(literal("purge"), StoreFile.vector_store_id, StoreFile.row, *aside, due_at, false()).where(which)
    run(session, insert(PointJob).from_select(columns, jobs))
    run(session, update(StoreFile).where(which).values(nothing_aside()))


def _slices(session: Session, store: VectorStore) -> Iterator[ColumnElement[bool]]:
    """The files of a store that have something aside, locked a slice at a time."""
    last = 0
    while True:
        mine = and_(StoreFile.vector_store_id == store.id, StoreFile.aside_generation.is_not(None))
        some = select(StoreFile.row).where(mine, StoreFile.row > last).order_by(StoreFile.row).limit(SWAP_ROWS)
        rows = session.scalars(some.with_for_update()).all()
        if not rows:
            return
        last = rows[-1]
        yield and_(mine, StoreFile.row >= rows[0], StoreFile.row <= last)


_SIZES: Sequence[tuple[Any, Any]] = (
    (StoreFile.aside_chunks, StoreFile.chunks),
    (StoreFile.aside_terms, StoreFile.terms),
    (StoreFile.aside_bytes, StoreFile.usage_bytes),
)
# What a file is being attached anew with says nothing of what is shown, and stays.
_WISH = and_(StoreFile.status.in_(UNFINISHED), StoreFile.redo_tokens.is_(None))
_SWAPPED = {f"aside_{name}": live for name, live in zip(ASIDE, LIVE, strict=True)} | {
    live.key: getattr(StoreFile, f"aside_{name}") for name, live in zip(ASIDE, LIVE, strict=True)
}
_SWAPPED |= {
    "chunk_tokens": case((_WISH, StoreFile.chunk_tokens), else_=StoreFile.aside_tokens),
    "chunk_overlap": case((_WISH, StoreFile.chunk_overlap), else_=StoreFile.aside_overlap),
}
