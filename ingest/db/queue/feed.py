"""The outbox: queued files that the feeder (ingest/dispatch/feeder.py) publishes to the broker next.

`published_at` marks a file as published until a worker claims it. A lost message is published again, so delivery is
at-least-once; the claim makes its effect exactly-once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select, true, update
from sqlalchemy.orm import Session

from ingest.db import predicates
from ingest.db.execute import execute
from ingest.db.models import File, FileBatch, StoreFile, VectorStore
from ingest.db.queue.transitions import lock_rows
from ingest.db.session import now, read_clock
from ingest.status import Lane, ParseLane

BATCHES_PER_ROUND = 16
"""Batches that share one round of publishing. More of them take turns."""


@dataclass(frozen=True)
class QueuedFile:
    """A queued file, with the facts that an operator wants to read in the broker."""

    row: int
    file_id: str
    filename: str
    vector_store_id: str
    batch_id: str | None
    attempt: int


def take_interactive(session: Session, limit: int, *, slow_apart: bool = True) -> list[QueuedFile]:
    """Mark up to `limit` single files as published, the longest waiting first, and return them."""
    lane = in_lane("interactive", slow_apart=slow_apart)
    return _publish(session, session.execute(_select_ready(session, lane).limit(limit)).all())


def take_bulk(session: Session, limit: int, *, slow_apart: bool = True) -> list[QueuedFile]:
    """Mark up to `limit` files of batches as published, and return them.

    Each project gets an equal share, and within it each of the project's batches that waited longest.
    """
    return _take_batches(session, _of_parse_lane("fast") if slow_apart else true(), limit)


def take_slow(session: Session, limit: int, *, slow_apart: bool = True) -> list[QueuedFile]:
    """Mark up to `limit` slow files as published, and return them.

    Half of them are single files, in equal shares of the projects, and half files of batches, as `take_bulk` takes
    them. What one half does not need goes to the other.
    """
    del slow_apart  # there is no slow lane without it
    singles = _take_singles_in_turn(session, _fair_share(limit, 2))
    of_batches = _take_batches(session, _of_parse_lane("slow"), limit - len(singles))
    left = limit - len(singles) - len(of_batches)
    return singles + of_batches + (_take_singles_in_turn(session, left) if left else [])


def in_lane(lane: Lane, *, slow_apart: bool) -> ColumnElement[bool]:
    """Match the files of a lane. Unless slow files have workers of their own, they are in the other lanes."""
    if lane == "slow":
        return _of_parse_lane("slow") if slow_apart else false()
    of_kind = StoreFile.batch.is_(None) if lane == "interactive" else StoreFile.batch.is_not(None)
    return and_(of_kind, _of_parse_lane("fast")) if slow_apart else of_kind


def _of_parse_lane(lane: ParseLane) -> ColumnElement[bool]:
    return StoreFile.lane == lane


def _take_singles_in_turn(session: Session, limit: int) -> list[QueuedFile]:
    """Publish single slow files: the first of each project, then the second of each, and so on."""
    waiting = and_(StoreFile.batch.is_(None), _of_parse_lane("slow"))
    turn = func.row_number().over(partition_by=VectorStore.project, order_by=StoreFile.row).label("turn")
    ranked = (
        select(StoreFile.row, turn)
        .join(VectorStore, VectorStore.id == StoreFile.vector_store_id)
        .where(*_is_ready(session, waiting))
        .subquery()
    )
    rows = session.scalars(select(ranked.c.row).order_by(ranked.c.turn, ranked.c.row).limit(limit)).all()
    return _publish(session, session.execute(_select_ready(session, StoreFile.row.in_(rows))).all()) if rows else []


def _take_batches(session: Session, parse_lane: ColumnElement[bool], limit: int) -> list[QueuedFile]:
    projects = _longest_waiting_batches(session, parse_lane)
    files: list[Any] = []
    served_batches: list[int] = []
    for projects_left, batches in zip(range(len(projects), 0, -1), projects.values(), strict=True):
        share = _fair_share(limit - len(files), projects_left)
        until = len(files) + share
        for batches_left, batch in zip(range(len(batches), 0, -1), batches, strict=True):
            some = session.execute(
                _select_ready(session, and_(StoreFile.batch == batch, parse_lane)).limit(
                    _fair_share(until - len(files), batches_left)
                )
            ).all()
            files += some
            if some:
                served_batches.append(batch)
    published = _publish(session, files)
    at = read_clock(session)
    # Lock order: files, then batches by row (db/locks.py).
    for turn, batch in sorted(enumerate(served_batches), key=itemgetter(1)):
        # 0.1 ms apart, so that the batches of one round keep their order in the next.
        execute(session, update(FileBatch).where(FileBatch.row == batch).values(dispatched_at=at + turn * 1e-4))
    return published


def _longest_waiting_batches(session: Session, parse_lane: ColumnElement[bool]) -> dict[str, list[int]]:
    """Return each project's longest waiting batches. Every project gets its first before any gets its second."""
    waits = (
        select(StoreFile.row).where(*_is_ready(session, and_(StoreFile.batch == FileBatch.row, parse_lane))).exists()
    )
    order = (FileBatch.dispatched_at, FileBatch.row)
    turn = func.row_number().over(partition_by=VectorStore.project, order_by=order).label("turn")
    ranked = (
        select(FileBatch.row, FileBatch.dispatched_at, VectorStore.project, turn)
        .join(VectorStore, VectorStore.id == FileBatch.vector_store_id)
        .where(FileBatch.in_progress > 0, waits)
        .subquery()
    )
    first = select(ranked.c.row, ranked.c.project).order_by(ranked.c.turn, ranked.c.dispatched_at, ranked.c.row)
    batches: dict[str, list[int]] = {}
    for row, project in session.execute(first.limit(BATCHES_PER_ROUND)):
        batches.setdefault(project, []).append(row)
    return batches


def _fair_share(amount: int, sharers: int) -> int:
    return -(-amount // sharers)


def unpublish_older(session: Session, lane: Lane, *, older_than_seconds: float, slow_apart: bool = True) -> int:
    """Unmark files that were published this long ago, because their messages may be lost. Returns their number."""
    is_old = StoreFile.published_at < now(session) - older_than_seconds
    lost = (StoreFile.status == "queued", StoreFile.published_at.is_not(None), is_old)
    is_in_lane = in_lane(lane, slow_apart=slow_apart)
    unpublish(session, rows := lock_rows(session, *lost, is_in_lane, skip_locked=True))
    return len(rows)


def unpublish(session: Session, rows: Sequence[int]) -> None:
    """Unmark files, so that the next round publishes them again."""
    queued = lock_rows(session, StoreFile.row.in_(rows), StoreFile.status == "queued", skip_locked=True)
    execute(session, update(StoreFile).where(StoreFile.row.in_(queued)).values(published_at=None))


def count_published(session: Session, lane: Lane, *, slow_apart: bool = True) -> int:
    """Count the published files that no worker has claimed yet."""
    published = (
        StoreFile.status == "queued",
        StoreFile.published_at.is_not(None),
        in_lane(lane, slow_apart=slow_apart),
    )
    return session.scalar(select(func.count()).where(*published)) or 0


def _is_ready(session: Session, lane: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    ready = StoreFile.not_before <= now(session)
    return [lane, StoreFile.status == "queued", StoreFile.published_at.is_(None), ready]


def _select_ready(session: Session, lane: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
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
        .where(*_is_ready(session, lane), predicates.is_not_abandoned())
        .order_by(StoreFile.row)
        .with_for_update(skip_locked=True, of=StoreFile)  # never waits, so it cannot deadlock
    )


def _publish(session: Session, files: Sequence[Any]) -> list[QueuedFile]:
    if files:
        rows = [file.row for file in files]
        execute(session, update(StoreFile).where(StoreFile.row.in_(rows)).values(published_at=now(session)))
    return [QueuedFile(f.row, f.file_id, f.filename, f.vector_store_id, f.batch_id, f.attempts + 1) for f in files]
