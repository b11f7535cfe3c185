"""Times that are further ahead than anything waits by right: what a clock that went back leaves behind.

A file of a worker that died would stay in progress until the clock has made up for it, and a project would be over its
rate limit for as long. These times are brought near, whether the jump was noticed or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, select, union_all, update
from sqlalchemy.orm import Session

from ingest.db.execute import execute
from ingest.db.models import (
    FileBatch,
    ImportSchedule,
    Outage,
    PointJob,
    Project,
    ReindexSchedule,
    StoreFile,
    WebhookDelivery,
    Worker,
)
from ingest.db.session import now, read_clock

TOLERANCE_SECONDS = 60.0
"""Added to twice the longest wait: settings of processes may differ, and statements take their time."""

ROWS_PER_TRANSACTION = 2_000


@dataclass(frozen=True)
class Wait:
    """A column with a time that something waits for, and how far ahead of the clock it can be by right.

    A time that is too far ahead is brought to `near_seconds` from now.
    """

    column: Any
    longest_seconds: float
    conditions: tuple[ColumnElement[bool], ...] = ()
    near_seconds: float = 0.0

    def is_far(self, at: ColumnElement[float] | float) -> tuple[ColumnElement[bool], ...]:
        return (*self.conditions, self.column > at + (2 * self.longest_seconds + TOLERANCE_SECONDS))


_WAITS = (
    Wait(StoreFile.not_before, 3_600.0, (StoreFile.status == "queued", StoreFile.not_before > 0)),
    Wait(StoreFile.published_at, 0.0, (StoreFile.status == "queued", StoreFile.published_at.is_not(None))),
    Wait(ImportSchedule.not_before, 3_600.0),
    Wait(FileBatch.dispatched_at, 0.0, (FileBatch.in_progress > 0,)),
    Wait(PointJob.due_at, 3_600.0, near_seconds=3_600.0),  # the lease of a restore, or the horizon of lost leases
    Wait(WebhookDelivery.next_try, 6 * 3_600.0),
    Wait(Project.paced_until, 60.0),
    Wait(Outage.next_try, 60.0),
    Wait(Worker.alive_until, 120.0, near_seconds=60.0),
)


def all_waits(lease_seconds: float) -> tuple[Wait, ...]:
    """Return what waits for a time, without the leases of files, which ingest/db/queue/reclaim.py takes back.

    The lease of an import that is brought near is not lost: a live process renews it before it ends.
    """
    return (Wait(ImportSchedule.lease_until, lease_seconds, near_seconds=lease_seconds), *_WAITS)


def any_is_far(session: Session, waits: Sequence[Wait]) -> bool:
    """Return whether a time is too far ahead."""
    at = now(session)
    far = (select(wait.column).where(*wait.is_far(at)).limit(1).subquery() for wait in waits)
    return bool(session.scalar(select(exists(union_all(*(select(each) for each in far))))))


def bring_near(session: Session, wait: Wait) -> int:
    """Bring up to `ROWS_PER_TRANSACTION` times that are too far ahead near, and return their number."""
    at, table = read_clock(session), wait.column.class_
    key = next(iter(table.__table__.primary_key.columns))
    far = select(key).where(*wait.is_far(at)).order_by(key).limit(ROWS_PER_TRANSACTION)
    keys = session.scalars(far.with_for_update(skip_locked=True)).all()
    if not keys:
        return 0
    near = {wait.column.key: at + wait.near_seconds}
    return execute(session, update(table).where(key.in_(keys), *wait.is_far(at)).values(near)).rowcount


def list_schedules(session: Session) -> Sequence[ReindexSchedule | ImportSchedule]:
    """Return all schedules with a next time, and lock them."""
    reindexes = select(ReindexSchedule).where(ReindexSchedule.next_run_at.is_not(None)).order_by(ReindexSchedule.row)
    imports = select(ImportSchedule).where(ImportSchedule.next_run_at.is_not(None)).order_by(ImportSchedule.row)
    return [*session.scalars(reindexes.with_for_update()), *session.scalars(imports.with_for_update())]
