"""Rows that contradict themselves or each other, and work that is not done: the rules of `ingest verify` on rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.models import BatchFile, File, FileBatch, PointJob, StoreFile, Tombstone, Upload, VectorStore
from ingest.db.queue.counters import CounterDelta, Outcome, add_to_batch, close_membership
from ingest.db.session import now
from ingest.db.tombstones import RETENTION_SECONDS
from ingest.status import UNFINISHED

LIMIT = 1_000
"""Violations that one query returns. A second `ingest verify --repair` finds the next."""

# Each with the condition of the rows that break it.
_RULES: tuple[tuple[str, ColumnElement[bool]], ...] = (
    ("only a failed file has an error code", (StoreFile.status == "failed") != StoreFile.error_code.is_not(None)),
    ("an error code has a message", StoreFile.error_code.is_not(None) != StoreFile.error_message.is_not(None)),
    ("only a running file has a lease", (StoreFile.status == "running") != StoreFile.lease_until.is_not(None)),
    ("a lease has a holder", StoreFile.lease_until.is_not(None) != StoreFile.lease_holder.is_not(None)),
    (
        "a completed file has a live generation",
        and_(StoreFile.status == "completed", StoreFile.live_generation.is_(None)),
    ),
    (
        "only an unfinished file with a live generation is re-indexed",
        and_(StoreFile.has_fallback, or_(StoreFile.status.not_in(UNFINISHED), StoreFile.live_generation.is_(None))),
    ),
    (
        "a failed or cancelled file has no live generation",
        and_(StoreFile.status.in_(("failed", "cancelled")), StoreFile.live_generation.is_not(None)),
    ),
    (
        "a file without a live generation has no chunks, terms or bytes",
        and_(StoreFile.live_generation.is_(None), StoreFile.chunks + StoreFile.terms + StoreFile.usage_bytes > 0),
    ),
    (
        "a file without a live generation has no warnings",
        and_(StoreFile.live_generation.is_(None), StoreFile.has_warnings),
    ),
    ("no live generation is newer than the newest one", StoreFile.live_generation > StoreFile.generation),
)


def list_broken_rows(session: Session) -> list[tuple[str, str]]:
    """Return files in stores that break a rule, with the rule."""
    rule = case(*((is_broken, rule) for rule, is_broken in _RULES))
    rows = session.execute(
        select(StoreFile.file_id, StoreFile.vector_store_id, rule.label("rule"))
        .where(or_(*(is_broken for _, is_broken in _RULES)))
        .order_by(StoreFile.row)
        .limit(LIMIT)
    )
    return [(f"{row.file_id} in {row.vector_store_id}", row.rule) for row in rows]


@dataclass(frozen=True)
class MembershipViolation:
    """A membership in a batch that contradicts the state of its file."""

    batch: int
    batch_id: str
    store_file: int
    file_status: str | None
    """None when the file is not in the store any more."""


def list_unclosed_memberships(session: Session) -> list[MembershipViolation]:
    """Return open memberships whose file has ended or is gone: their batch would never end."""
    has_ended = or_(StoreFile.row.is_(None), StoreFile.status.not_in(UNFINISHED))
    is_open = and_(BatchFile.status == "in_progress", or_(FileBatch.cancelled_at.is_(None), FileBatch.swept))
    rows = session.execute(
        select(BatchFile.batch, FileBatch.id, BatchFile.store_file, StoreFile.status)
        .join(FileBatch, FileBatch.row == BatchFile.batch)
        .join(VectorStore, and_(VectorStore.id == FileBatch.vector_store_id, ~VectorStore.is_deleted))
        .outerjoin(StoreFile, StoreFile.row == BatchFile.store_file)
        .where(is_open, or_(has_ended, FileBatch.swept))
        .order_by(BatchFile.batch, BatchFile.store_file)
        .limit(LIMIT)
    )
    return [MembershipViolation(row.batch, row.id, row.store_file, row.status) for row in rows]


def list_missing_memberships(session: Session) -> list[MembershipViolation]:
    """Return unfinished files without an open membership in their batch, which would not count their outcome."""
    open_membership = exists().where(
        BatchFile.batch == StoreFile.batch, BatchFile.store_file == StoreFile.row, BatchFile.status == "in_progress"
    )
    rows = session.execute(
        select(StoreFile.batch, FileBatch.id, StoreFile.row, StoreFile.status)
        .join(FileBatch, and_(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_(None)))
        .where(StoreFile.status.in_(UNFINISHED), ~open_membership.correlate(StoreFile))
        .order_by(StoreFile.row)
        .limit(LIMIT)
    )
    return [MembershipViolation(row.batch, row.id, row.row, row.status) for row in rows]


def close_membership_of_ended_file(session: Session, violation: MembershipViolation) -> None:
    """Close an open membership with the outcome of its file, and count it in the batch."""
    status = session.scalar(select(StoreFile.status).where(StoreFile.row == violation.store_file).with_for_update())
    is_membership = (BatchFile.batch == violation.batch, BatchFile.store_file == violation.store_file)
    if session.scalar(select(BatchFile.status).where(*is_membership)) != "in_progress":
        return
    outcome: Outcome = status if status == "completed" or status == "failed" else "cancelled"
    delta = CounterDelta(in_progress=-1)
    delta.add(outcome, 1)
    if add_to_batch(session, violation.batch, delta):
        close_membership(session, violation.batch, violation.store_file, outcome)
    else:  # the batch was cancelled, and with it all its open memberships
        close_membership(session, violation.batch, violation.store_file, "cancelled")


def detach_from_batch(session: Session, violation: MembershipViolation) -> None:
    """Detach an unfinished file from a batch that has no open membership for it. The file is processed without it."""
    is_member = (
        StoreFile.row == violation.store_file,
        StoreFile.batch == violation.batch,
        StoreFile.status.in_(UNFINISHED),
    )
    execute(session, update(StoreFile).where(*is_member).values(batch=None))


def list_files_with_expired_lease(session: Session, *, grace_seconds: float) -> list[str]:
    """Return files whose lease expired more than `grace_seconds` ago: maintenance should have reclaimed them."""
    is_expired = (StoreFile.status == "running", StoreFile.lease_until < now(session) - grace_seconds)
    return list(session.scalars(select(StoreFile.file_id).where(*is_expired).order_by(StoreFile.row).limit(LIMIT)))


@dataclass(frozen=True)
class OverdueWork:
    """Work that maintenance should have done: how many items, and for how many seconds the oldest has been due."""

    kind: str
    count: int
    seconds: float


def list_overdue_work(session: Session, *, grace_seconds: float) -> list[OverdueWork]:
    """Return work that has been due for more than `grace_seconds`."""
    kinds: Sequence[tuple[str, Any, list[ColumnElement[bool]]]] = (
        ("points to be deleted or changed", PointJob.due_at, []),
        ("cancelled batches", FileBatch.cancelled_at, [~FileBatch.swept]),
        ("deleted stores", VectorStore.deleted_at, []),
        ("files past their expiry", File.expires_at, []),
        ("uploads past their expiry", Upload.expires_at, [Upload.status == "pending"]),
        ("tombstones", Tombstone.removed_at + RETENTION_SECONDS, []),
    )
    overdue = []
    for what, due_at, conditions in kinds:
        late = select(func.count(), now(session) - func.min(due_at)).where(
            due_at < now(session) - grace_seconds, *conditions
        )
        count, seconds = session.execute(late).one()
        if count:
            overdue.append(OverdueWork(what, count, float(seconds)))
    return overdue


def count_idle_files(session: Session, *, seconds: float) -> int:
    """Count files that have been ready for `seconds` while no file is running; 0 when any is."""
    if session.scalar(select(StoreFile.row).where(StoreFile.status == "running").limit(1)) is not None:
        return 0
    is_cancelled = exists().where(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_not(None))
    ready_since = now(session) - seconds
    is_idle = (
        StoreFile.status == "queued",
        StoreFile.queued_at < ready_since,
        StoreFile.not_before < ready_since,
        ~is_cancelled,
    )
    return session.scalar(select(func.count()).select_from(StoreFile).where(*is_idle)) or 0
