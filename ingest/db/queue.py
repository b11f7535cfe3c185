"""Which queued files are told to the broker next (the feeder's side of the database; see ingest/dispatch.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from ingest.db.counters import locked, run, wanted
from ingest.db.models import File, FileBatch, StoreFile
from ingest.db.session import now, read_clock

BATCHES_A_ROUND = 16
"""Batches that share one top-up; more of them take turns."""


@dataclass(frozen=True)
class Waiting:
    """A queued file, and what a person watching the broker wants to read about it."""

    row: int
    file_id: str
    filename: str
    vector_store_id: str
    batch_id: str | None
    attempt: int


def take_interactive(session: Session, limit: int) -> list[Waiting]:
    """Up to `limit` files attached one by one and not yet published, longest-waiting first; marks them published."""
    return _publish(session, session.execute(_waiting(session, StoreFile.batch.is_(None)).limit(limit)).all())


def take_bulk(session: Session, limit: int) -> list[Waiting]:
    """Up to `limit` files of batches, marked published: an equal share of each of the batches that waited longest."""
    batches = session.scalars(
        select(FileBatch.row)
        .where(FileBatch.in_progress > 0)
        .where(select(StoreFile.row).where(*_unpublished(session, StoreFile.batch == FileBatch.row)).exists())
        .order_by(FileBatch.dispatched_at, FileBatch.row)
        .limit(BATCHES_A_ROUND)
    ).all()
    found: list[Any] = []
    served: list[int] = []
    for turn, batch in enumerate(batches):
        share = -(-(limit - len(found)) // (len(batches) - turn))  # what is left, divided among those left
        some = session.execute(_waiting(session, StoreFile.batch == batch).limit(share)).all()
        found += some
        if some:
            served.append(batch)
    published = _publish(session, found)
    at = read_clock(session)
    for turn, batch in sorted(enumerate(served), key=itemgetter(1)):  # files, then batches by row: as everybody locks
        # A little later for each, so that batches served in one round keep their order in the next.
        run(session, update(FileBatch).where(FileBatch.row == batch).values(dispatched_at=at + turn * 1e-4))
    return published


def unpublish(session: Session, *, older_than_seconds: float, interactive: bool) -> int:
    """Forget that files were published, for messages that were lost: the next top-up publishes them again."""
    lane = StoreFile.batch.is_(None) if interactive else StoreFile.batch.is_not(None)
    old = StoreFile.published_at < now(session) - older_than_seconds
    lost = (StoreFile.status == "queued", StoreFile.published_at.is_not(None), old, lane)
    forget(session, rows := locked(session, *lost, skip=True))
    return len(rows)


def forget(session: Session, rows: Sequence[int]) -> None:
    """Files that could not be published after all."""
    still = locked(session, StoreFile.row.in_(rows), StoreFile.status == "queued", skip=True)
    run(session, update(StoreFile).where(StoreFile.row.in_(still)).values(published_at=None))


def told(session: Session, *, interactive: bool) -> int:
    """How many files the broker was told of that no worker has claimed yet."""
    lane = StoreFile.batch.is_(None) if interactive else StoreFile.batch.is_not(None)
    published = select(func.count()).where(StoreFile.status == "queued", StoreFile.published_at.is_not(None), lane)
    return session.scalar(published) or 0


def _unpublished(session: Session, which: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    ready = StoreFile.not_before <= now(session)
    return [which, StoreFile.status == "queued", StoreFile.published_at.is_(None), ready]


def _waiting(session: Session, which: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(
            StoreFile.row,
            StoreFile.file_id,
            File.filename,
            StoreFile.vector_store_id,
            FileBatch.id.label("batch_id"),
            StoreFile.attempts,
        )
        .join(File, File.id == StoreFile.file_id)
        .outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        .where(*_unpublished(session, which), wanted())
        .order_by(StoreFile.row)
        .with_for_update(skip_locked=True, of=StoreFile)  # waiting for nobody, it can be in nobody's way
    )


def _publish(session: Session, found: Sequence[Any]) -> list[Waiting]:
    if found:
        rows = [row.row for row in found]
        run(session, update(StoreFile).where(StoreFile.row.in_(rows)).values(published_at=now(session)))
    return [Waiting(r.row, r.file_id, r.filename, r.vector_store_id, r.batch_id, r.attempts + 1) for r in found]
