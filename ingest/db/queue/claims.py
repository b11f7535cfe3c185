"""A file's state as workers and the sweep change it (transitions T2-T8 of the design).

A state change is one guarded UPDATE; nothing changed means that somebody else decided. The counters follow in the same
transaction (db/queue/counters.py). What requests do to files is in db/queue/membership.py.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, Update, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from ingest.db.execute import changed, changed_prepared, run, run_prepared
from ingest.db.models import BatchFile, File, FileBatch, StoreFile, VectorStore
from ingest.db.queue.counters import (
    ASIDE,
    LIVE,
    Shift,
    Sizes,
    Why,
    close_membership,
    fallen_back,
    falls_back,
    kept_of,
    locked,
    purge,
    purge_after,
    settle,
    shift_batch,
    shift_store,
    sizes_gone,
    wanted,
)
from ingest.db.session import now, serialise
from ingest.errors import Abandoned, LastErrorCode
from ingest.status import UNFINISHED

SWEEP_ROWS = 2_000
"""Rows rewritten in one transaction of a sweep: about 0.1 s on SQLite, where it holds up every other writer."""


@dataclass(frozen=True)
class Claim:
    """A file that a worker holds, as it was when it was claimed."""

    row: int
    fence: int
    generation: int
    attempt: int
    project: str
    vector_store_id: str
    file_id: str
    batch: int | None
    batch_id: str | None
    filename: str
    bytes: int
    blob: str
    attributes: dict[str, Any]
    attributes_version: int
    chunk_tokens: int
    chunk_overlap: int
    waited_seconds: float
    trace: str | None
    store_chunks: int
    """Chunks that the store has so far..."""
    store_terms: int
    """...and the words in them."""
    before: Sizes
    """What the generation before adds to the store, until this one replaces it."""
    live: int | None
    """The generation before, if the file is being re-indexed: it falls back to that one."""
    model: str
    """The embedding model that points are made with."""
    staged: bool
    """They go beside the live ones, for the store to go over to them when all files have such."""
    epoch: int
    """That of the store, by which all this was found."""
    shown: int | None
    """The generation that can be found, if there is one..."""
    shown_model: str | None
    """...and its model."""
    aside: int | None
    """The generation that is kept or ready for another model."""


# --- the worker's transitions ---


def claim(session: Session, row: int, *, owner: str, lease_seconds: float) -> Claim | None:
    """T2: take a queued file, or None when it is not to be had (taken, finished, cancelled, deleted, too early)."""
    taken = run_prepared(session, _claiming(now(session)), taken=row, lease=lease_seconds, owner=owner).scalar()
    if taken is None:
        return None
    found = run(session, _claimed(now(session)), taken=row).one()  # attributes are JSON, which is not for prepared.py
    staged = found.other_state == "staging" and found.redo_model == found.other_model
    wanted_now = found.other_model if staged else found.store_model
    return Claim(
        row=row,
        fence=found.fence,
        generation=found.generation,
        attempt=found.attempts,
        project=found.project,
        vector_store_id=found.vector_store_id,
        file_id=found.file_id,
        batch=found.batch,
        batch_id=found.batch_id,
        filename=found.filename,
        bytes=found.bytes,
        blob=found.blob,
        attributes=found.attributes,
        attributes_version=found.attributes_version,
        chunk_tokens=found.chunk_tokens,
        chunk_overlap=found.chunk_overlap,
        waited_seconds=found.waited_seconds,
        trace=found.trace,
        store_chunks=found.store_chunks,
        store_terms=found.store_terms,
        before=Sizes(found.chunks, found.terms, found.usage_bytes),
        live=found.live,
        model=found.made_for,
        staged=staged,
        epoch=found.epoch if found.made_for == wanted_now else _NO_EPOCH,
        shown=found.live_generation,
        shown_model=found.model,
        aside=found.aside_generation,
    )


def renew(session: Session, claim: Claim, *, lease_seconds: float) -> bool:
    """T3: keep the file for another lease; False when it is no longer ours or no longer wanted."""
    held = {"held": claim.row, "fence_held": claim.fence}
    return changed_prepared(session, _renewing(now(session)), **held, lease=lease_seconds)


def complete(session: Session, claim: Claim, sizes: Sizes, made_with: str | None = None) -> bool:
    """T4: all points of the claim's generation are written, by what `made_with` names.

    False when the file's attributes changed meanwhile, so that the points must get the new ones first.
    Raises Abandoned when the file is not ours any more, Moved when its store may want another model's points.
    """
    done = run_prepared(
        session,
        _STAGING if claim.staged else _COMPLETING,
        held=claim.row,
        fence_held=claim.fence,
        version=claim.attributes_version,
        maker=made_with,
        its_model=claim.model,
        made_chunks=sizes.chunks,
        made_terms=sizes.terms,
        made_bytes=sizes.usage_bytes,
    ).first()
    if done is None:
        if session.scalar(select(StoreFile.row).where(_held(claim))) is None:
            raise Abandoned("finished by somebody else, cancelled or deleted")
        return False
    # What was found before stays if it is of another model, either as it is or aside.
    kept = (claim.shown or 0) if claim.shown_model not in (None, claim.model) else 0
    if kept and claim.generation - 1 > kept:
        purge_after(session, claim.vector_store_id, [(claim.row, kept, claim.generation - 1)])
    elif not kept and claim.generation > 1:
        purge(session, claim.vector_store_id, [(claim.row, claim.generation - 1)])
    if claim.aside is not None and claim.aside < kept:  # what was aside is replaced, and older than what stays
        purge(session, claim.vector_store_id, [(claim.row, kept - 1)])
    more = Sizes() if claim.staged else sizes.minus(claim.before)
    settle(session, claim.row, done.batch, claim.vector_store_id, "completed", more, epoch=claim.epoch)
    return True


def fail(session: Session, claim: Claim, code: LastErrorCode, message: str) -> None:
    """T5: the file will never work; one that is being re-indexed is what it was before. Raises as `complete`."""
    why = Why(code, message)
    values = _failed(why) if claim.live is None else _left_running() | fallen_back()
    done = run(session, update(StoreFile).where(_held(claim)).values(values).returning(StoreFile.batch)).first()
    if done is None:
        raise Abandoned("finished by somebody else, cancelled or deleted")
    kept = None if claim.live is None else max(claim.live, claim.aside or 0)
    _count_failed(session, claim, done.batch, kept, claim.before, why, epoch=claim.epoch)


def give_back(session: Session, claim: Claim, *, delay_seconds: float) -> None:
    """T6: queue the file again after a while: what it needs is down, or its worker must stop. Raises Abandoned."""
    values = _requeued() | {"not_before": now(session) + delay_seconds}
    if not changed(session, update(StoreFile).where(_held(claim)).values(values)):
        raise Abandoned("finished by somebody else, cancelled or deleted")


def disclaim(session: Session, row: int, *, owner: str) -> None:
    """Queue a file again that this worker may have taken without hearing of it; it knows of no claim on this row."""
    # Found as it was before, a row that is being taken would neither match nor be waited for.
    session.execute(select(StoreFile.row).where(StoreFile.row == row).with_for_update())
    mine = (StoreFile.row == row, StoreFile.status == "running", StoreFile.lease_owner == owner)
    run(session, update(StoreFile).where(*mine).values(_requeued()))


def attributes_of(session: Session, claim: Claim) -> tuple[dict[str, Any], int]:
    """The file's attributes and their version as they are now. Raises Abandoned when it is not ours any more."""
    found = session.execute(select(StoreFile.attributes, StoreFile.attributes_version).where(_held(claim))).first()
    if found is None:
        raise Abandoned("finished by somebody else, cancelled or deleted")
    return found.attributes, found.attributes_version


# --- the sweep's transitions ---


def recover(session: Session, *, max_kills: int) -> int:
    """T7: queue the files of workers that fell silent, and fail one of those that it happened to `max_kills` times.

    How many there were; 0 when none is left.
    """
    lost = session.scalars(
        select(StoreFile)
        .where(StoreFile.status == "running", StoreFile.lease_until < now(session), wanted())
        .order_by(StoreFile.row)
        .limit(SWEEP_ROWS)
        .with_for_update(skip_locked=True, of=StoreFile)
    ).all()
    for row in lost:
        if row.crashes + 1 < max_kills:
            values = _requeued() | {"kills": row.crashes + 1}
            run(session, update(StoreFile).where(StoreFile.row == row.row).values(values))
    # Of those that fail one a transaction: each locks its batches and its store, and a second one's batches may come
    # before the first one's store.
    poisonous = [row for row in lost if row.crashes + 1 >= max_kills][:1]
    for row in poisonous:
        with suppress(Abandoned), session.begin_nested():  # cancelled or deleted since we looked: that decides
            _give_up(session, row, row.crashes + 1)
    return len(lost)


def release(session: Session, owner_prefix: str) -> int:
    """Queue at once what one machine's workers held when they were all stopped; no kill is counted."""
    mine = (StoreFile.status == "running", StoreFile.lease_owner.startswith(owner_prefix, autoescape=True))
    rows = locked(session, *mine)
    return run(session, update(StoreFile).where(StoreFile.row.in_(rows)).values(_requeued())).rowcount


def sweep_cancelled(session: Session, batch_row: int | None = None, *, limit: int = SWEEP_ROWS) -> int:
    """T8, second half: rewrite up to `limit` files of a cancelled batch, this one or the first there is, as cancelled.

    Returns how many were looked at, 0 when nothing is left to do.
    Their counters were settled by `attachments.cancel`.
    """
    this = [] if batch_row is None else [FileBatch.row == batch_row]
    batch = session.execute(
        select(FileBatch.row, FileBatch.vector_store_id)
        .where(FileBatch.cancelled_at.is_not(None), ~FileBatch.swept, *this)
        .order_by(FileBatch.row)
        .limit(1)
    ).first()
    if batch is None:
        return 0
    serialise(session, f"cancelled:{batch.row}")
    rows = session.scalars(
        select(StoreFile)
        .where(StoreFile.batch == batch.row, StoreFile.status.in_(UNFINISHED))
        .order_by(StoreFile.row)
        .limit(limit)
        .with_for_update(of=StoreFile)
    ).all()
    _cancel_rows(session, batch.row, batch.vector_store_id, rows)
    if len(rows) < limit:
        left = (BatchFile.batch == batch.row, BatchFile.status == "in_progress")
        run(session, update(BatchFile).where(*left).values(status="cancelled"))
        run(session, update(FileBatch).where(FileBatch.row == batch.row).values(swept=True))
    lost = [row for row in rows if row.redo_tokens is None]
    gone = Sizes(sum(r.chunks for r in lost), sum(r.terms for r in lost), sum(r.usage_bytes for r in lost))
    with suppress(Abandoned):  # a deleted store counts nothing any more
        shift_store(session, batch.vector_store_id, Shift(), Sizes().minus(gone))
    return len(rows) + 1


def _give_up(session: Session, row: StoreFile, kills: int) -> None:
    why = Why("server_error", f"The file took down its worker {kills} times and is not tried again.")
    live = None if row.redo_tokens is None else row.live_generation
    values = (_failed(why) if live is None else _left_running() | fallen_back()) | {"kills": kills}
    run(session, update(StoreFile).where(StoreFile.row == row.row).values(values))
    _count_failed(session, row, row.batch, None if live is None else kept_of(row), Sizes.of(row), why)


def _count_failed(
    session: Session,
    file: Claim | StoreFile,
    batch: int | None,
    kept: int | None,
    had: Sizes,
    why: Why,
    *,
    epoch: int | None = None,
) -> None:
    """Have the points of a file that failed purged, up to what it keeps when it falls back, and count it."""
    store = file.vector_store_id
    if kept is None:
        purge(session, store, [(file.row, file.generation)])
        settle(session, file.row, batch, store, "failed", Sizes().minus(had), why=why, epoch=epoch)
    else:
        purge_after(session, store, [(file.row, kept, file.generation)])
        settle(session, file.row, batch, store, "failed", Sizes(), why=why, falls_back=True, epoch=epoch)


def _cancel_rows(session: Session, batch: int, store_id: str, rows: Sequence[StoreFile]) -> None:
    ids = [r.row for r in rows]
    lost, kept = [r for r in rows if r.redo_tokens is None], [r for r in rows if r.redo_tokens is not None]
    values = _left_running() | {"status": "cancelled"} | sizes_gone()
    run(session, update(StoreFile).where(StoreFile.row.in_([r.row for r in lost])).values(values))
    as_before = _left_running() | fallen_back()
    run(session, update(StoreFile).where(StoreFile.row.in_([r.row for r in kept])).values(as_before))
    # A file that no worker ever held has no points.
    purge(session, store_id, [(r.row, r.generation) for r in lost if r.fence > 0])
    held = [r for r in kept if r.attempts > 0]
    purge_after(session, store_id, [(r.row, kept_of(r), r.generation) for r in held])
    waiting = select(BatchFile.batch).where(BatchFile.store_file.in_(ids), BatchFile.status == "in_progress")
    theirs = or_(FileBatch.row == batch, FileBatch.row.in_(waiting))
    session.execute(select(FileBatch.row).where(theirs).order_by(FileBatch.row).with_for_update())
    run(
        session,
        update(BatchFile).where(BatchFile.batch == batch, BatchFile.store_file.in_(ids)).values(status="cancelled"),
    )
    others = session.execute(
        select(BatchFile.batch, BatchFile.store_file)
        .where(BatchFile.store_file.in_(ids), BatchFile.status == "in_progress")
        .order_by(BatchFile.batch)
    ).all()
    for other, row in others:
        if shift_batch(session, other, Shift(in_progress=-1, cancelled=1)):
            close_membership(session, other, row, "cancelled")


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(StoreFile.row == claim.row, StoreFile.fence == claim.fence, StoreFile.status == "running")


def _left_running() -> dict[str, Any]:
    return {"fence": StoreFile.fence + 1, "lease_until": None, "lease_owner": None, "published_at": None}


def _requeued() -> dict[str, Any]:
    return _left_running() | {"status": "queued"}


def _failed(why: Why) -> dict[str, Any]:
    return _left_running() | {"status": "failed", "error_code": why.code, "error_message": why.message} | sizes_gone()


# --- the statements that run for every file, made once ---


_NO_EPOCH = -1
"""Of a claim between whose two statements the store changed its model."""


def _wanted_model() -> ScalarSelect[str]:
    """The model that a file's points are to be made with: its store's, or the one that a re-index prepares."""
    staged = and_(VectorStore.other_state == "staging", VectorStore.other_model == StoreFile.redo_model)
    return (
        select(case((staged, VectorStore.other_model), else_=VectorStore.model))
        .where(VectorStore.id == StoreFile.vector_store_id)
        .correlate(StoreFile)
        .scalar_subquery()
    )


@cache
def _claiming(clock: ColumnElement[float]) -> ReturningUpdate[tuple[int]]:
    return (
        update(StoreFile)
        .where(
            StoreFile.row == bindparam("taken"), StoreFile.status == "queued", StoreFile.not_before <= clock, wanted()
        )
        .values(
            status="running",
            fence=StoreFile.fence + 1,
            attempts=StoreFile.attempts + 1,
            # No number is of two models: what was begun for one is not gone on with for another.
            generation=case(
                (StoreFile.made_for != _wanted_model(), StoreFile.generation + 1), else_=StoreFile.generation
            ),
            made_for=_wanted_model(),
            lease_until=clock + bindparam("lease"),
            lease_owner=bindparam("owner"),
            published_at=None,
        )
        .returning(StoreFile.fence)
    )


@cache
def _claimed(clock: ColumnElement[float]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            *(StoreFile.fence, StoreFile.generation, StoreFile.attempts, StoreFile.vector_store_id, StoreFile.file_id),
            *(StoreFile.batch, StoreFile.attributes, StoreFile.attributes_version, StoreFile.trace),
            func.coalesce(StoreFile.redo_tokens, StoreFile.chunk_tokens).label("chunk_tokens"),
            func.coalesce(StoreFile.redo_overlap, StoreFile.chunk_overlap).label("chunk_overlap"),
            case((falls_back(), StoreFile.live_generation)).label("live"),
            *(StoreFile.chunks, StoreFile.terms, StoreFile.usage_bytes),
            *(StoreFile.live_generation, StoreFile.model, StoreFile.aside_generation, StoreFile.redo_model),
            StoreFile.made_for,
            *(File.project, File.filename, File.bytes, File.blob),
            FileBatch.id.label("batch_id"),
            (clock - StoreFile.queued_at).label("waited_seconds"),
            VectorStore.chunks.label("store_chunks"),
            VectorStore.terms.label("store_terms"),
            VectorStore.model.label("store_model"),
            *(VectorStore.other_model, VectorStore.other_state, VectorStore.epoch),
        )
        .join(File, File.id == StoreFile.file_id)
        .join(VectorStore, VectorStore.id == StoreFile.vector_store_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(StoreFile.row == bindparam("taken"))
    )


@cache
def _renewing(clock: ColumnElement[float]) -> Update:
    return update(StoreFile).where(*_HELD, wanted()).values(lease_until=clock + bindparam("lease"))


_HELD = (
    StoreFile.row == bindparam("held"),
    StoreFile.fence == bindparam("fence_held"),
    StoreFile.status == "running",
)
_MADE = (
    update(StoreFile)
    .where(*_HELD, StoreFile.attributes_version == bindparam("version"))
    .values(
        status="completed", lease_until=None, lease_owner=None, redo_tokens=None, redo_overlap=None, redo_model=None
    )
    .returning(StoreFile.batch)
)


def _set_aside(live: ColumnElement[Any]) -> ColumnElement[Any]:
    """What was live is kept aside if it is of another model, else nothing is."""
    return case((StoreFile.model != bindparam("its_model"), live))


_COMPLETING = _MADE.values(
    live_generation=StoreFile.generation,
    model=bindparam("its_model"),
    chunk_tokens=func.coalesce(StoreFile.redo_tokens, StoreFile.chunk_tokens),
    chunk_overlap=func.coalesce(StoreFile.redo_overlap, StoreFile.chunk_overlap),
    made_with=bindparam("maker"),
    chunks=bindparam("made_chunks"),
    terms=bindparam("made_terms"),
    usage_bytes=bindparam("made_bytes"),
    **{f"aside_{name}": _set_aside(column) for name, column in zip(ASIDE, LIVE, strict=True)},
)
_STAGING = _MADE.values(
    aside_generation=StoreFile.generation,
    aside_model=bindparam("its_model"),
    aside_tokens=func.coalesce(StoreFile.redo_tokens, StoreFile.chunk_tokens),
    aside_overlap=func.coalesce(StoreFile.redo_overlap, StoreFile.chunk_overlap),
    aside_made_with=bindparam("maker"),
    aside_chunks=bindparam("made_chunks"),
    aside_terms=bindparam("made_terms"),
    aside_bytes=bindparam("made_bytes"),
)
