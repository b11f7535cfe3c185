"""Rows that contradict themselves or each other, and work that nobody does: the rules of `ingest verify` on rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run
from ingest.db.models import BatchFile, File, FileBatch, PointJob, StoreFile, Tombstone, Upload, VectorStore
from ingest.db.queue.counters import Outcome, Shift, close_membership, falls_back, shift_batch
from ingest.db.session import now
from ingest.db.tombstones import KEPT_SECONDS
from ingest.status import UNFINISHED

SHOWN = 1_000
"""Rows that one look returns; a second run shows the next."""

_RULES: tuple[tuple[str, ColumnElement[bool]], ...] = (
    ("failed files, and only they, have an error", (StoreFile.status == "failed") != StoreFile.error_code.is_not(None)),
    ("an error has a message", StoreFile.error_code.is_not(None) != StoreFile.error_message.is_not(None)),
    ("running files, and only they, are leased", (StoreFile.status == "running") != StoreFile.lease_until.is_not(None)),
    ("a lease has an owner", StoreFile.lease_until.is_not(None) != StoreFile.lease_owner.is_not(None)),
    (
        "a completed file shows a generation",
        and_(StoreFile.status == "completed", StoreFile.live_generation.is_(None)),
    ),
    (
        "only what is found and in work is being re-indexed",
        and_(falls_back(), or_(StoreFile.status.not_in(UNFINISHED), StoreFile.live_generation.is_(None))),
    ),
    (
        "a failed or cancelled file shows nothing",
        and_(StoreFile.status.in_(("failed", "cancelled")), StoreFile.live_generation.is_not(None)),
    ),
    (
        "a file that shows nothing has no size",
        and_(StoreFile.live_generation.is_(None), StoreFile.chunks + StoreFile.terms + StoreFile.usage_bytes > 0),
    ),
    ("no generation is shown before it began", StoreFile.live_generation > StoreFile.generation),
)


def broken_rows(session: Session) -> list[tuple[str, str]]:
    """Files of stores that break a rule, with the rule."""
    which = case(*((wrong, rule) for rule, wrong in _RULES))
    found = session.execute(
        select(StoreFile.file_id, StoreFile.vector_store_id, which.label("rule"))
        .where(or_(*(wrong for _, wrong in _RULES)))
        .order_by(StoreFile.row)
        .limit(SHOWN)
    )
    return [(f"{row.file_id} in {row.vector_store_id}", row.rule) for row in found]


@dataclass(frozen=True)
class Membership:
    """A file's place in a batch that says something else than the file does."""

    batch: int
    batch_id: str
    store_file: int
    file_status: str | None
    """None when the file is not in the store any more."""


def never_closed(session: Session) -> list[Membership]:
    """Places that wait for a file which has ended or is gone, so that their batch would wait for ever."""
    ended = or_(StoreFile.row.is_(None), StoreFile.status.not_in(UNFINISHED))
    waits = and_(BatchFile.status == "in_progress", or_(FileBatch.cancelled_at.is_(None), FileBatch.swept))
    found = session.execute(
        select(BatchFile.batch, FileBatch.id, BatchFile.store_file, StoreFile.status)
        .join(FileBatch, FileBatch.row == BatchFile.batch)
        .join(VectorStore, and_(VectorStore.id == FileBatch.vector_store_id, VectorStore.deleted_at.is_(None)))
        .outerjoin(StoreFile, StoreFile.row == BatchFile.store_file)
        .where(waits, or_(ended, FileBatch.swept))
        .order_by(BatchFile.batch, BatchFile.store_file)
        .limit(SHOWN)
    )
    return [Membership(row.batch, row.id, row.store_file, row.status) for row in found]


def not_awaited(session: Session) -> list[Membership]:
    """Unfinished files whose own batch does not wait for them, so that it would not count their end."""
    place = exists().where(
        BatchFile.batch == StoreFile.batch, BatchFile.store_file == StoreFile.row, BatchFile.status == "in_progress"
    )
    found = session.execute(
        select(StoreFile.batch, FileBatch.id, StoreFile.row, StoreFile.status)
        .join(FileBatch, and_(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_(None)))
        .where(StoreFile.status.in_(UNFINISHED), ~place.correlate(StoreFile))
        .order_by(StoreFile.row)
        .limit(SHOWN)
    )
    return [Membership(row.batch, row.id, row.row, row.status) for row in found]


def close(session: Session, place: Membership) -> None:
    """Give a place that waits in vain the outcome of its file, and count it."""
    status = session.scalar(select(StoreFile.status).where(StoreFile.row == place.store_file).with_for_update())
    waits = (BatchFile.batch == place.batch, BatchFile.store_file == place.store_file)
    if session.scalar(select(BatchFile.status).where(*waits)) != "in_progress":
        return
    outcome: Outcome = status if status == "completed" or status == "failed" else "cancelled"
    shift = Shift(in_progress=-1)
    shift.add(outcome, 1)
    if shift_batch(session, place.batch, shift):
        close_membership(session, place.batch, place.store_file, outcome)
    else:  # cancelled: then all that it waited for is
        close_membership(session, place.batch, place.store_file, "cancelled")


def leave(session: Session, place: Membership) -> None:
    """Let a file that its batch does not wait for go on by itself."""
    mine = (StoreFile.row == place.store_file, StoreFile.batch == place.batch, StoreFile.status.in_(UNFINISHED))
    run(session, update(StoreFile).where(*mine).values(batch=None))


def stuck(session: Session, *, grace_seconds: float) -> list[str]:
    """Files whose worker fell silent so long ago that a sweep should have taken them back."""
    silent = (StoreFile.status == "running", StoreFile.lease_until < now(session) - grace_seconds)
    return list(session.scalars(select(StoreFile.file_id).where(*silent).order_by(StoreFile.row).limit(SHOWN)))


@dataclass(frozen=True)
class Overdue:
    """Work that the sweep should have done: what, how many, and for how many seconds the oldest has been due."""

    what: str
    count: int
    seconds: float


def overdue(session: Session, *, grace_seconds: float) -> list[Overdue]:
    """What has been due for longer than a grace."""
    due: Sequence[tuple[str, Any, list[ColumnElement[bool]]]] = (
        ("points to be deleted or changed", PointJob.due_at, []),
        ("cancelled batches", FileBatch.cancelled_at, [~FileBatch.swept]),
        ("deleted stores", VectorStore.deleted_at, []),
        ("files past their expiry", File.expires_at, []),
        ("uploads past their expiry", Upload.expires_at, [Upload.status == "pending"]),
        ("tombstones", Tombstone.removed_at + KEPT_SECONDS, []),
    )
    found = []
    for what, at, which in due:
        late = select(func.count(), now(session) - func.min(at)).where(at < now(session) - grace_seconds, *which)
        count, seconds = session.execute(late).one()
        if count:
            found.append(Overdue(what, count, float(seconds)))
    return found


def idle(session: Session, *, seconds: float) -> int:
    """Files that have been ready for so long while no file is in work: 0 when all is well."""
    if session.scalar(select(StoreFile.row).where(StoreFile.status == "running").limit(1)) is not None:
        return 0
    cancelled = exists().where(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_not(None))
    old = now(session) - seconds
    ready = (StoreFile.status == "queued", StoreFile.queued_at < old, StoreFile.not_before < old, ~cancelled)
    return session.scalar(select(func.count()).select_from(StoreFile).where(*ready)) or 0
