"""Which queued files are told to the broker next (the feeder's side of the database; see ingest/dispatch/feeder.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import File, FileBatch, StoreFile, VectorStore
from ingest.db.queue.counters import locked, wanted
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
    """Up to `limit` files of batches, marked published: an equal share for each project, and within it for each of its
    batches that waited longest."""
    projects = _next_batches(session)
    found: list[Any] = []
    served: list[int] = []
    for left, batches in zip(range(len(projects), 0, -1), projects.values(), strict=True):
        share = _part(limit - len(found), left)
        until = len(found) + share
        for others, batch in zip(range(len(batches), 0, -1), batches, strict=True):
            some = session.execute(
                _waiting(session, StoreFile.batch == batch).limit(_part(until - len(found), others))
            ).all()
            found += some
            if some:
                served.append(batch)
    published = _publish(session, found)
    at = read_clock(session)
    for turn, batch in sorted(enumerate(served), key=itemgetter(1)):  # files, then batches by row: as everybody locks
        # A little later for each, so that batches served in one round keep their order in the next.
        run(session, update(FileBatch).where(FileBatch.row == batch).values(dispatched_at=at + turn * 1e-4))
    return published


def _next_batches(session: Session) -> dict[str, list[int]]:
    """Each project's batches that waited longest; no project has its second before every other has its first."""
    waits = select(StoreFile.row).where(*_unpublished(session, StoreFile.batch == FileBatch.row)).exists()
    order = (FileBatch.dispatched_at, FileBatch.row)
    turn = func.row_number().over(partition_by=VectorStore.project, order_by=order).label("turn")
    ranked = (
        select(FileBatch.row, FileBatch.dispatched_at, VectorStore.project, turn)
        .join(VectorStore, VectorStore.id == FileBatch.vector_store_id)
        .where(FileBatch.in_progress > 0, waits)
        .subquery()
    )
    first = select(ranked.c.row, ranked.c.project).order_by(ranked.c.turn, ranked.c.dispatched_at, ranked.c.row)
    found: dict[str, list[int]] = {}
    for row, project in session.execute(first.limit(BATCHES_A_ROUND)):
        found.setdefault(project, []).append(row)
    return found


def _part(amount: int, sharers: int) -> int:
    return -(-amount // sharers)


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
