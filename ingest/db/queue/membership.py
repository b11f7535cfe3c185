"""What requests do to the files of a store: attach (T1), cancel (T8), remove (T9), and new attributes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import changed, run
from ingest.db.models import BatchFile, FileBatch, StoreFile
from ingest.db.queue import model_migration
from ingest.db.queue.counters import (
    Shift,
    Sizes,
    close_membership,
    open_batches,
    purge,
    shift_batch,
    shift_store,
    sizes_gone,
)
from ingest.db.session import now, read_clock, serialise
from ingest.observability import tracing
from ingest.status import UNFINISHED, FileStatus, of_file

Id = TypeVar("Id")

LOOKUP_IDS = 1_000
"""Ids in one IN list; SQLite takes 32,766 parameters, Postgres plans long lists slowly."""


@dataclass(frozen=True)
class Member:
    """A file to be attached, and how."""

    file_id: str
    attributes: dict[str, Any] | None
    """None leaves the attributes of a file that is in the store already."""
    chunk_tokens: int
    chunk_overlap: int


def attach(session: Session, store_id: str, members: Sequence[Member], batch: FileBatch | None) -> list[int]:
    """T1: put files into a store, as one batch or (batch None) each by itself. Distinct files, which exist.

    A file that is there already keeps its row (contract section 10): completed or in progress with the same chunking
    it stays as it is, otherwise it runs again. Returns the rows whose points need new attributes.
    Raises IntegrityError when a file or the store is deleted at the same time.
    """
    serialise(session, f"attach:{store_id}")
    if batch is not None:
        session.add(batch)
        session.flush()
    owner = batch.row if batch is not None else None
    known = _locked(session, store_id, [m.file_id for m in members])
    new = [m for m in members if m.file_id not in known]
    _insert(session, store_id, new, owner)
    if owner is not None:
        _join(session, owner)
    again = [(known[m.file_id], m) for m in members if m.file_id in known]
    styled, in_store, in_batch, gone = _reattach(session, again, owner)
    in_store.in_progress += len(new)
    in_batch.in_progress += len(new)
    if owner is not None:
        shift_batch(session, owner, in_batch)
    shift_store(session, store_id, in_store, Sizes().minus(gone))
    return styled


def cancel(session: Session, batch: FileBatch) -> bool:
    """T8: cancel whatever of a batch is not finished, at once and whatever its number; False when nothing is left.

    The flag and the counters are the cancel; `progress.sweep_cancelled` rewrites the rows.
    """
    if batch.model is not None:
        serialise(session, f"attach:{batch.vector_store_id}")
    done = changed(
        session,
        update(FileBatch)
        .where(FileBatch.row == batch.row, FileBatch.cancelled_at.is_(None), FileBatch.in_progress > 0)
        .values(cancelled_at=now(session), cancelled=FileBatch.cancelled + FileBatch.in_progress, in_progress=0),
    )
    if done:
        # Whoever finishes, moves or removes a file of this batch needs the batch's row, which we hold.
        mine = (StoreFile.batch == batch.row, StoreFile.status.in_(UNFINISHED))
        count, kept = session.execute(select(func.count(), func.count(StoreFile.redo_tokens)).where(*mine)).one()
        shift = Shift(in_progress=-count, completed=kept, cancelled=count - kept)
        shift_store(session, batch.vector_store_id, shift)
    # Also when it has ended and left its store on the way, because of a file that failed.
    if batch.model is not None and (done or not model_migration.is_headed_for(session, batch)):
        model_migration.stop(session, batch)
    return done


def remove(session: Session, store_id: str, file_id: str) -> bool:
    """T9: take a file out of a store; its row goes at once, its points are purged. False when it is not there."""
    row = _locked(session, store_id, [file_id]).get(file_id)
    if row is None:
        return False
    shown = _shown(session, [row])[row.row]
    waiting = open_batches(session, row.row)
    run(session, delete(StoreFile).where(StoreFile.row == row.row))
    tombstones.add(session, store_id, file_id, row.row)
    purge(session, store_id, [(row.row, row.generation)])
    for batch in waiting:
        if shift_batch(session, batch, Shift(in_progress=-1, cancelled=1)):
            close_membership(session, batch, row.row, "cancelled")
    shift = Shift()
    shift.add(shown, -1)
    shift_store(session, store_id, shift, Sizes().minus(Sizes.of(row)))
    return True


def set_attributes(session: Session, store_id: str, file_id: str, attributes: Mapping[str, Any]) -> int | None:
    """Replace a file's attributes; its row number, whose points need them too, or None when it is not there."""
    return run(
        session,
        update(StoreFile)
        .where(StoreFile.vector_store_id == store_id, StoreFile.file_id == file_id)
        .values(attributes=dict(attributes), attributes_version=StoreFile.attributes_version + 1)
        .returning(StoreFile.row),
    ).scalar()


def _locked(session: Session, store_id: str, file_ids: Sequence[str]) -> dict[str, StoreFile]:
    """Those of the files that are in the store, locked by row as everybody does: a slice of names is in no order."""
    numbers: list[int] = []
    for names in slices(file_ids):
        these = (StoreFile.vector_store_id == store_id, StoreFile.file_id.in_(names))
        numbers += session.scalars(select(StoreFile.row).where(*these))
    found: dict[str, StoreFile] = {}
    for some in slices(sorted(numbers)):
        rows = session.scalars(
            select(StoreFile).where(StoreFile.row.in_(some)).order_by(StoreFile.row).with_for_update()
        )
        found |= {row.file_id: row for row in rows}
    return found


def _insert(session: Session, store_id: str, members: Sequence[Member], owner: int | None) -> None:
    queued_at, trace = read_clock(session), tracing.current()
    rows = [
        {
            "vector_store_id": store_id,
            "file_id": member.file_id,
            "batch": owner,
            "created_at": int(queued_at),
            "attributes": member.attributes or {},
            "attributes_version": 0,
            "chunk_tokens": member.chunk_tokens,
            "chunk_overlap": member.chunk_overlap,
            "status": "queued",
            "fence": 0,
            "generation": 1,
            "attempts": 0,
            "kills": 0,
            "queued_at": queued_at,
            "trace": trace,
            "not_before": 0.0,
            "chunks": 0,
            "terms": 0,
            "usage_bytes": 0,
        }
        for member in members
    ]
    for some in slices(rows):  # no statement may take longer than a request waits for one
        session.execute(insert(StoreFile), some)


def _join(session: Session, owner: int) -> None:
    """Make the batch's own rows its members."""
    mine = StoreFile.batch == owner
    first, last = session.execute(select(func.min(StoreFile.row), func.max(StoreFile.row)).where(mine)).one()
    for start in range(first or 0, (last or -1) + 1, LOOKUP_IDS):
        some = (mine, StoreFile.row >= start, StoreFile.row < start + LOOKUP_IDS)
        rows = select(StoreFile.batch, StoreFile.row, literal("in_progress")).where(*some)
        run(session, insert(BatchFile).from_select(["batch", "store_file", "status"], rows))


def _reattach(
    session: Session, again: Sequence[tuple[StoreFile, Member]], owner: int | None
) -> tuple[list[int], Shift, Shift, Sizes]:
    """Attach files that are in the store already, in few statements however many there are.

    Returns the rows whose points need new attributes, what changes in the store's and the new batch's counters, and
    the sizes that the store loses.
    """
    shown = _shown(session, [row for row, _ in again])
    in_store, in_batch, gone = Shift(), Shift(), Sizes()
    restyled = [(row, m.attributes) for row, m in again if _is_new(m.attributes, row.attributes)]
    joined: list[int] = []
    restarted: dict[tuple[int, int], list[int]] = {}
    memberships: list[dict[str, Any]] = []
    for row, member in again:
        status = shown[row.row]
        sizes = (member.chunk_tokens, member.chunk_overlap)
        if status in ("failed", "cancelled") or sizes != _sizes_in(row, status):
            restarted.setdefault(sizes, []).append(row.row)
            if status == "cancelled":  # perhaps only by its batch: its row may still have what it had before
                gone = gone.plus(Sizes.of(row))
            in_store.add(status, -1)
            in_store.add("in_progress", 1)
            status = "in_progress"
        elif status == "in_progress":
            joined.append(row.row)
        memberships.append({"batch": owner, "store_file": row.row, "status": status})
        in_batch.add(status, 1)
    cancelled = {row for row, status in shown.items() if status == "cancelled"}
    for (tokens, overlap), rows in restarted.items():
        for some in slices(rows):
            values = from_the_start(session, owner) | {"chunk_tokens": tokens, "chunk_overlap": overlap}
            run(session, update(StoreFile).where(StoreFile.row.in_(some)).values(values))
            if lost := cancelled.intersection(some):
                run(session, update(StoreFile).where(StoreFile.row.in_(lost)).values(sizes_gone()))
    if restyled:
        styled = [
            {"row": row.row, "attributes": attributes, "attributes_version": row.attributes_version + 1}
            for row, attributes in restyled
        ]
        for several in slices(styled):
            session.execute(update(StoreFile), several)
    if owner is not None and memberships:
        for some in slices(joined):
            run(session, update(StoreFile).where(StoreFile.row.in_(some)).values(batch=owner))
        for many in slices(memberships):
            session.execute(insert(BatchFile), many)
    return [row.row for row, _ in restyled], in_store, in_batch, gone


def _sizes_in(row: StoreFile, status: FileStatus) -> tuple[int, int]:
    """The chunking that a file has, or is about to have."""
    if status == "in_progress" and row.redo_tokens is not None:
        return row.redo_tokens, row.redo_overlap or 0
    return row.chunk_tokens, row.chunk_overlap


def _is_new(attributes: Mapping[str, Any] | None, present: Mapping[str, Any]) -> bool:
    """Whether a file gets other attributes; as JSON, for to Python `True`, `1` and `1.0` are the same."""
    return attributes is not None and json.dumps(attributes, sort_keys=True) != json.dumps(present, sort_keys=True)


def from_the_start(session: Session, owner: int | None) -> dict[str, Any]:
    """A new generation. The old one's points stay until this one is complete, failed or cancelled: a completed file
    is found as it was until then."""
    return {
        "status": "queued",
        "batch": owner,
        "fence": StoreFile.fence + 1,
        "generation": StoreFile.generation + 1,
        "redo_tokens": None,
        "redo_overlap": None,
        "redo_model": None,
        "made_for": None,
        "attempts": 0,
        "kills": 0,
        "queued_at": now(session),
        "trace": tracing.current(),
        "not_before": 0.0,
        "published_at": None,
        "lease_until": None,
        "lease_owner": None,
        "error_code": None,
        "error_message": None,
    }


def _shown(session: Session, rows: Sequence[StoreFile]) -> dict[int, FileStatus]:
    """The statuses of locked rows, with all batches that wait for them locked too, so that none can be cancelled
    meanwhile."""
    unfinished = [row.row for row in rows if row.status in UNFINISHED]
    batches = {row.batch for row in rows if row.batch is not None and row.status in UNFINISHED}
    for some in slices(unfinished):
        waiting = select(BatchFile.batch).where(BatchFile.store_file.in_(some), BatchFile.status == "in_progress")
        batches.update(session.scalars(waiting))
    cancelled: set[int] = set()
    for some in slices(sorted(batches)):
        locked = session.execute(
            select(FileBatch.row, FileBatch.cancelled_at)
            .where(FileBatch.row.in_(some))
            .order_by(FileBatch.row)
            .with_for_update()
        )
        cancelled.update(batch.row for batch in locked if batch.cancelled_at is not None)
    return {
        row.row: of_file(row.status, batch_cancelled=row.batch in cancelled, falls_back=row.redo_tokens is not None)
        for row in rows
    }


def slices(ids: Sequence[Id]) -> Iterator[list[Id]]:
    """Ids in lists short enough for one statement."""
    left = iter(ids)
    while some := list(islice(left, LOOKUP_IDS)):
        yield some
