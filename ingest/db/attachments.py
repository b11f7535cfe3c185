"""What requests do to the files of a store: attach (T1), cancel (T8), remove (T9), and new attributes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.counters import (
    Shift,
    Sizes,
    changed,
    close_membership,
    open_batches,
    purge,
    run,
    shift_batch,
    shift_store,
)
from ingest.db.models import BatchFile, FileBatch, StoreFile
from ingest.db.session import now, read_clock, serialise
from ingest.status import UNFINISHED, FileStatus, of_file

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
    added = _insert(session, store_id, new, owner)
    if added < len(new):  # a request at the same moment was first with some of them
        others = _locked(session, store_id, [m.file_id for m in new])
        known |= {file: row for file, row in others.items() if owner is None or row.batch != owner}
    if owner is not None:
        _insert_members(session, owner)
    in_store, in_batch = Shift(in_progress=added), Shift(in_progress=added)
    styled = [
        row.row
        for member in members
        if (row := known.get(member.file_id)) and _reattach(session, row, member, owner, in_store, in_batch)
    ]
    if owner is not None:
        shift_batch(session, owner, in_batch)
    shift_store(session, store_id, in_store)
    return styled


def cancel(session: Session, batch: FileBatch) -> bool:
    """T8: cancel whatever of a batch is not finished, at once and whatever its number; False when nothing is left.

    The flag and the counters are the cancel; `progress.sweep_cancelled` rewrites the rows.
    """
    done = changed(
        session,
        update(FileBatch)
        .where(FileBatch.row == batch.row, FileBatch.cancelled_at.is_(None), FileBatch.in_progress > 0)
        .values(cancelled_at=now(session), cancelled=FileBatch.cancelled + FileBatch.in_progress, in_progress=0),
    )
    if done:
        # Whoever finishes, moves or removes a file of this batch needs the batch's row, which we hold.
        mine = select(func.count()).where(StoreFile.batch == batch.row, StoreFile.status.in_(UNFINISHED))
        count = session.scalar(mine) or 0
        shift_store(session, batch.vector_store_id, Shift(in_progress=-count, cancelled=count))
    return done


def remove(session: Session, store_id: str, file_id: str) -> bool:
    """T9: take a file out of a store; its row goes at once, its points are purged. False when it is not there."""
    row = _locked(session, store_id, [file_id]).get(file_id)
    if row is None:
        return False
    shown = _shown(session, row)
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
    found: dict[str, StoreFile] = {}
    for some in slices(file_ids):
        rows = session.scalars(
            select(StoreFile)
            .where(StoreFile.vector_store_id == store_id, StoreFile.file_id.in_(some))
            .order_by(StoreFile.row)
            .with_for_update()
        )
        found |= {row.file_id: row for row in rows}
    return found


def _insert(session: Session, store_id: str, members: Sequence[Member], owner: int | None) -> int:
    """Add rows and say how many; those that somebody else added first are left alone."""
    if not members:
        return 0
    queued_at = read_clock(session)
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
            "not_before": 0.0,
            "chunks": 0,
            "terms": 0,
            "usage_bytes": 0,
        }
        for member in members
    ]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(StoreFile.__table__).on_conflict_do_nothing(
        index_elements=["vector_store_id", "file_id"]
    )
    result: Any = session.connection().execute(statement.inline(), rows, execution_options={"preserve_rowcount": True})
    return int(result.rowcount)


def _insert_members(session: Session, owner: int) -> None:
    rows = select(StoreFile.batch, StoreFile.row, literal("in_progress")).where(StoreFile.batch == owner)
    run(session, insert(BatchFile).from_select(["batch", "store_file", "status"], rows))


def _reattach(
    session: Session, row: StoreFile, member: Member, owner: int | None, in_store: Shift, in_batch: Shift
) -> bool:
    """Attach a file that is in the store already; True when its points need new attributes."""
    shown = _shown(session, row)
    values: dict[str, Any] = {}
    styled = member.attributes is not None and member.attributes != row.attributes
    if styled:
        values |= {"attributes": member.attributes, "attributes_version": StoreFile.attributes_version + 1}
    chunked_alike = (row.chunk_tokens, row.chunk_overlap) == (member.chunk_tokens, member.chunk_overlap)
    if shown in ("completed", "in_progress") and chunked_alike:
        if shown == "in_progress" and owner is not None:
            values["batch"] = owner
    else:
        values |= _from_the_start(session, member, owner)
        if shown != "completed":  # a completed one is found as it was until the new points replace the old
            purge(session, row.vector_store_id, [(row.row, row.generation)])
        in_store.add(shown, -1)
        in_store.add("in_progress", 1)
        shown = "in_progress"
    if values:
        run(session, update(StoreFile).where(StoreFile.row == row.row).values(values))
    if owner is not None:
        session.execute(insert(BatchFile), [{"batch": owner, "store_file": row.row, "status": shown}])
        in_batch.add(shown, 1)
    return styled


def _from_the_start(session: Session, member: Member, owner: int | None) -> dict[str, Any]:
    return {
        "status": "queued",
        "batch": owner,
        "chunk_tokens": member.chunk_tokens,
        "chunk_overlap": member.chunk_overlap,
        "fence": StoreFile.fence + 1,
        "generation": StoreFile.generation + 1,
        "attempts": 0,
        "kills": 0,
        "queued_at": now(session),
        "not_before": 0.0,
        "published_at": None,
        "lease_until": None,
        "lease_owner": None,
        "error_code": None,
        "error_message": None,
    }


def _shown(session: Session, row: StoreFile) -> FileStatus:
    """The status of a locked row, with its batches locked too, so that none can be cancelled meanwhile."""
    if row.status not in UNFINISHED:
        return of_file(row.status, batch_cancelled=False)
    batches = {*open_batches(session, row.row), *([row.batch] if row.batch is not None else [])}
    locked = session.execute(
        select(FileBatch.row, FileBatch.cancelled_at)
        .where(FileBatch.row.in_(batches))
        .order_by(FileBatch.row)
        .with_for_update()
    ).all()
    cancelled = {batch.row for batch in locked if batch.cancelled_at is not None}
    return of_file(row.status, batch_cancelled=row.batch in cancelled)


def slices(ids: Sequence[str]) -> Iterator[list[str]]:
    """Ids in lists short enough for one statement."""
    left = iter(ids)
    while some := list(islice(left, LOOKUP_IDS)):
        yield some
