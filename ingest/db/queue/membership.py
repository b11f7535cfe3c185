"""The files of a store: attach and remove them (transitions T1 and T9 in deploy/docs/reliability.md)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from ingest.db import locks, tombstones
from ingest.db.execute import execute
from ingest.db.id_slices import MAX_IDS, slices
from ingest.db.models import BatchFile, FileBatch, StoreFile
from ingest.db.queue import point_jobs, transitions
from ingest.db.queue.counters import (
    CounterDelta,
    PointTotals,
    add_to_batch,
    add_to_store,
)
from ingest.db.session import read_clock
from ingest.observability import tracing
from ingest.status import UNFINISHED, FileStatus, file_status


@dataclass(frozen=True)
class Member:
    """A file to attach to a store."""

    file_id: str
    attributes: dict[str, Any] | None
    """None leaves the attributes of a file that is in the store already."""
    chunk_tokens: int
    chunk_overlap: int


def attach(session: Session, store_id: str, members: Sequence[Member], batch: FileBatch | None) -> list[int]:
    """Attach distinct files to a store: as one batch, or each by itself if `batch` is None.

    A file that is in the store already keeps its row (deploy/docs/api-contract.md section 10). It is not processed again
    if it is completed or in progress with the same chunking. Returns the rows whose points need new attributes. Raises
    IntegrityError when a file or the store is deleted at the same time.
    """
    locks.advisory_lock(session, locks.store_membership(store_id))
    if batch is not None:
        session.add(batch)
        session.flush()
    batch_row = batch.row if batch is not None else None
    existing = _lock_files(session, store_id, [m.file_id for m in members])
    new = [m for m in members if m.file_id not in existing]
    _insert(session, store_id, new, batch_row)
    if batch_row is not None:
        _insert_memberships(session, batch_row)
    again = _plan_reattachment(session, [(existing[m.file_id], m) for m in members if m.file_id in existing])
    _reattach(session, again, batch_row)
    again.store_delta.in_progress += len(new)
    again.batch_delta.in_progress += len(new)
    if batch_row is not None:
        add_to_batch(session, batch_row, again.batch_delta)
    add_to_store(session, store_id, again.store_delta, PointTotals().minus(again.lost))
    return [values["row"] for values in again.new_attributes]


def remove(session: Session, store_id: str, file_id: str) -> bool:
    """Remove a file from a store: its row at once, its points by a purge. Returns False when it is not in the store."""
    files = list(_lock_files(session, store_id, [file_id]).values())
    remove_locked(session, store_id, files)
    return bool(files)


def remove_locked(session: Session, store_id: str, files: Sequence[StoreFile]) -> None:
    """Remove at most MAX_IDS files of a store, whose rows are locked, as `remove` does."""
    if not files:
        return
    statuses = _lock_statuses(session, files)
    rows = [file.row for file in files]
    waiting = (BatchFile.store_file.in_(rows), BatchFile.status == "in_progress")
    open_memberships = session.execute(
        select(BatchFile.batch, func.count()).where(*waiting).group_by(BatchFile.batch).order_by(BatchFile.batch)
    ).all()
    execute(session, delete(StoreFile).where(StoreFile.row.in_(rows)))
    for file in files:
        tombstones.add(session, store_id, file.file_id, file.row)
    point_jobs.purge_up_to(session, store_id, [(file.row, file.generation) for file in files])
    for batch_row, count in open_memberships:
        if add_to_batch(session, batch_row, CounterDelta(in_progress=-count, cancelled=count)):
            of_batch = (BatchFile.batch == batch_row, *waiting)
            execute(session, update(BatchFile).where(*of_batch).values(status="cancelled"))
    delta, totals = CounterDelta(), PointTotals()
    for file in files:
        delta.add(statuses[file.row], -1)
        totals = totals.minus(PointTotals.of(file))
    add_to_store(session, store_id, delta, totals)


def lock_rows(session: Session, rows: Sequence[int]) -> list[StoreFile]:
    """Lock those of the rows that exist, and return them."""
    locked: list[StoreFile] = []
    for some in slices(sorted(rows)):
        statement = select(StoreFile).where(StoreFile.row.in_(some)).order_by(StoreFile.row).with_for_update()
        locked += session.scalars(statement)
    return locked


def _lock_files(session: Session, store_id: str, file_ids: Sequence[str]) -> dict[str, StoreFile]:
    """Lock those of the files that are in the store, and return them by file id.

    Two steps, because rows must be locked in the order of their numbers, and a slice of file ids has no order.
    """
    numbers: list[int] = []
    for ids in slices(file_ids):
        in_store = (StoreFile.vector_store_id == store_id, StoreFile.file_id.in_(ids))
        numbers += session.scalars(select(StoreFile.row).where(*in_store))
    return {file.file_id: file for file in lock_rows(session, numbers)}


def _lock_statuses(session: Session, files: Sequence[StoreFile]) -> dict[int, FileStatus]:
    """Return the API statuses of locked files, by row.

    Locks all batches that wait for the files, so that none is cancelled before the transaction ends.
    """
    unfinished = [file.row for file in files if file.status in UNFINISHED]
    batches = {file.batch for file in files if file.batch is not None and file.status in UNFINISHED}
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
    return {file.row: file_status(file, batch_is_cancelled=file.batch in cancelled) for file in files}


def _insert(session: Session, store_id: str, members: Sequence[Member], batch_row: int | None) -> None:
    queued_at, traceparent = read_clock(session), tracing.current_traceparent()
    rows = [
        {
            "vector_store_id": store_id,
            "file_id": member.file_id,
            "batch": batch_row,
            "created_at": int(queued_at),
            "attributes": member.attributes or {},
            "attributes_version": 0,
            "chunk_tokens": member.chunk_tokens,
            "chunk_overlap": member.chunk_overlap,
            "status": "queued",
            "fence": 0,
            "generation": 1,
            "attempts": 0,
            "crashes": 0,
            "queued_at": queued_at,
            "traceparent": traceparent,
            "not_before": 0.0,
            "chunks": 0,
            "terms": 0,
            "usage_bytes": 0,
        }
        for member in members
    ]
    for some in slices(rows):  # a longer statement could exceed the statement timeout of a request
        session.execute(insert(StoreFile), some)


def _insert_memberships(session: Session, batch_row: int) -> None:
    """Make the files that were inserted with a batch its members."""
    of_batch = StoreFile.batch == batch_row
    first, last = session.execute(select(func.min(StoreFile.row), func.max(StoreFile.row)).where(of_batch)).one()
    for start in range(first or 0, (last or -1) + 1, MAX_IDS):
        row_range = (of_batch, StoreFile.row >= start, StoreFile.row < start + MAX_IDS)
        members = select(StoreFile.batch, StoreFile.row, literal("in_progress")).where(*row_range)
        execute(session, insert(BatchFile).from_select(["batch", "store_file", "status"], members))


@dataclass
class _Reattachment:
    """The changes that attach files which are in the store already."""

    store_delta: CounterDelta = field(default_factory=CounterDelta)
    batch_delta: CounterDelta = field(default_factory=CounterDelta)
    """Without a batch it is not used."""
    lost: PointTotals = field(default_factory=PointTotals)
    """The totals that the store loses."""
    new_attributes: list[dict[str, Any]] = field(default_factory=list)
    """Values of the rows whose attributes change."""
    joined: list[int] = field(default_factory=list)
    """Rows in progress that the batch joins."""
    requeued: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    """Rows to process again, by their chunking in tokens and overlap."""
    cancelled: set[int] = field(default_factory=set)
    """Rows that were cancelled, perhaps only with their batch: these may still have their former points."""
    statuses: list[tuple[int, FileStatus]] = field(default_factory=list)
    """The rows' statuses afterwards, for their memberships in the batch."""


def _plan_reattachment(session: Session, files: Sequence[tuple[StoreFile, Member]]) -> _Reattachment:
    plan = _Reattachment()
    former_statuses = _lock_statuses(session, [file for file, _ in files])
    for file, member in files:
        if _has_new_attributes(member, file):
            version = file.attributes_version + 1
            plan.new_attributes.append(
                {"row": file.row, "attributes": member.attributes, "attributes_version": version}
            )
        status = former_statuses[file.row]
        chunking = (member.chunk_tokens, member.chunk_overlap)
        if status == "cancelled":
            plan.cancelled.add(file.row)
        if status in ("failed", "cancelled") or chunking != _chunking(file, status):
            plan.requeued.setdefault(chunking, []).append(file.row)
            if status == "cancelled":
                plan.lost = plan.lost.plus(PointTotals.of(file))
            plan.store_delta.add(status, -1)
            plan.store_delta.add("in_progress", 1)
            status = "in_progress"
        elif status == "in_progress":
            plan.joined.append(file.row)
        plan.statuses.append((file.row, status))
        plan.batch_delta.add(status, 1)
    return plan


def _reattach(session: Session, plan: _Reattachment, batch_row: int | None) -> None:
    """Change the rows of files that are attached again. The number of statements grows only with the slices."""
    for (tokens, overlap), rows in plan.requeued.items():
        for some in slices(rows):
            chunking = {"chunk_tokens": tokens, "chunk_overlap": overlap}
            values = transitions.new_generation(session, batch_row) | chunking
            execute(session, update(StoreFile).where(StoreFile.row.in_(some)).values(values))
            if cancelled := plan.cancelled.intersection(some):
                without_points = transitions.without_points()
                execute(session, update(StoreFile).where(StoreFile.row.in_(cancelled)).values(without_points))
    for some_values in slices(plan.new_attributes):
        session.execute(update(StoreFile), some_values)
    if batch_row is not None and plan.statuses:
        for some in slices(plan.joined):
            execute(session, update(StoreFile).where(StoreFile.row.in_(some)).values(batch=batch_row))
        memberships = [{"batch": batch_row, "store_file": row, "status": status} for row, status in plan.statuses]
        for some_values in slices(memberships):
            session.execute(insert(BatchFile), some_values)


def _chunking(file: StoreFile, status: FileStatus) -> tuple[int, int]:
    """Return the chunking that a file has, or gets from the re-index in progress."""
    if status == "in_progress" and file.pending_chunk_tokens is not None:
        return file.pending_chunk_tokens, file.pending_chunk_overlap or 0
    return file.chunk_tokens, file.chunk_overlap


def _has_new_attributes(member: Member, file: StoreFile) -> bool:
    """Return whether the member has attributes, and they are not those of the file."""
    return member.attributes is not None and differ(member.attributes, file.attributes)


def differ(attributes: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Return whether attributes differ as JSON: Python takes `True`, `1` and `1.0` for equal."""
    return _as_json(attributes) != _as_json(others)


def _as_json(attributes: Mapping[str, Any]) -> str:
    return json.dumps(attributes, sort_keys=True)
