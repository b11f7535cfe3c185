"""Rows of import schedules, and the leases of their runs.

Maintenance makes a run due. A process claims it with a lease and a new fencing token (`fence`). Every later change of the
run names that token, so a process that lost the lease changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import changed_row, execute
from ingest.db.models import ImportedFile, ImportResult, ImportSchedule, Project, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.session import now, read_clock
from ingest.errors import Abandoned

IS_RUNNING = ImportSchedule.run_id.is_not(None) & ImportSchedule.ended_at.is_(None)
"""A run is in progress, whether a process holds its lease or not."""


def get(session: Session, store_id: str, schedule_id: str, *, lock: bool = False) -> ImportSchedule | None:
    """Return a schedule of this store; `lock` keeps others from changing or running it."""
    statement = select(ImportSchedule).where(
        ImportSchedule.id == schedule_id, ImportSchedule.vector_store_id == store_id
    )
    return session.scalar(statement.with_for_update() if lock else statement)


def list_page(session: Session, store_id: str, window: Window) -> Page[ImportSchedule]:
    """Return a page of a store's schedules."""
    in_store = ImportSchedule.vector_store_id == store_id
    cursor = select(ImportSchedule.row).where(in_store, ImportSchedule.id == bindparam("id"))
    statement, key = select(ImportSchedule).where(in_store), ImportSchedule.row.expression
    return page(session, statement, key, window, cursor, tombstones.import_schedules(store_id), lambda row: row[0])


def count(session: Session, store_id: str) -> int:
    """Return the number of a store's schedules."""
    in_store = ImportSchedule.vector_store_id == store_id
    return session.scalar(select(func.count()).select_from(ImportSchedule).where(in_store)) or 0


def update_columns(session: Session, schedule: ImportSchedule, values: Mapping[str, Any]) -> None:
    """Set columns of a locked schedule."""
    for name, value in values.items():
        setattr(schedule, name, value)
    session.flush()


def delete_some(session: Session, schedule: ImportSchedule, limit: int) -> bool:
    """Delete a locked schedule, or if it has many files at most `limit` rows of these. Returns whether it is deleted.

    After a partial deletion no process can claim or continue its runs.
    """
    some_files = select(ImportedFile.row).where(ImportedFile.schedule == schedule.row).limit(limit)
    if execute(session, sql_delete(ImportedFile).where(ImportedFile.row.in_(some_files))).rowcount == limit:
        values: dict[str, Any] = {
            "fence": ImportSchedule.fence + 1, "paused": True, "next_run_at": None, "due_since": None,
            "lease_holder": None, "lease_until": None,
        }  # fmt: skip
        if schedule.run_id is not None and schedule.ended_at is None:
            values |= _failed(session, "Its schedule is being deleted.")
            values["announced"] = True  # no event: the object that it would name is deleted
        execute(session, update(ImportSchedule).where(_is(schedule.row)).values(values))
        return False
    scope = tombstones.import_schedules(schedule.vector_store_id)
    tombstones.add(session, scope, schedule.id, schedule.row)
    execute(session, sql_delete(ImportSchedule).where(_is(schedule.row)))
    return True


# --- a run becomes due ---


def list_due(session: Session, limit: int) -> Sequence[ImportSchedule]:
    """Return schedules of active stores whose next time has come, the longest-waiting first."""
    return session.scalars(
        select(ImportSchedule)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(ImportSchedule.next_run_at <= now(session), VectorStore.is_active)
        .order_by(ImportSchedule.next_run_at, ImportSchedule.row)
        .limit(limit)
    ).all()


def make_due(session: Session, schedule: ImportSchedule, next_run_at: int) -> bool:
    """Make a run due and set the schedule's next time. Returns False when the schedule was changed since it was read.

    If a run is in progress, one more follows it, however many times pass meanwhile.
    """
    is_unmoved = (_is(schedule.row), ImportSchedule.next_run_at == schedule.next_run_at)
    is_unchanged = (ImportSchedule.cron == schedule.cron, ImportSchedule.timezone == schedule.timezone)
    values = {"next_run_at": next_run_at, "due_since": func.coalesce(ImportSchedule.due_since, read_clock(session))}
    return changed_row(session, update(ImportSchedule).where(*is_unmoved, *is_unchanged).values(values))


def end_runs_of_expired_stores(session: Session) -> int:
    """Fail the runs of expired stores, also leased ones, and withdraw those that are due.

    Returns the number of runs that were in progress.
    """
    expired = select(VectorStore.id).where(VectorStore.expired_at.is_not(None), ~VectorStore.is_deleted)
    has_expired_store = ImportSchedule.vector_store_id.in_(expired)
    due = update(ImportSchedule).where(has_expired_store, ImportSchedule.due_since.is_not(None))
    execute(session, due.values(due_since=None))
    unleased = {"fence": ImportSchedule.fence + 1, "lease_holder": None, "lease_until": None, "not_before": 0.0}
    ended = unleased | _failed(session, "Its vector store has expired.")
    return execute(session, update(ImportSchedule).where(has_expired_store, IS_RUNNING).values(ended)).rowcount


# --- a run is claimed ---


def claim_run(session: Session, lease_holder: str, run_id: str, lease_seconds: float) -> ImportSchedule | None:
    """Claim the longest-waiting run: one that is due, which becomes `run_id`, or one whose lease is free or over.

    Returns the schedule with the new lease and fencing token, or None when there is no run to claim. The next run of a
    schedule is claimed only after the end of the last one was announced (ingest/db/webhooks.py), because it overwrites it.
    """
    at = read_clock(session)
    is_free = (
        or_(ImportSchedule.due_since.is_not(None), IS_RUNNING),
        or_(ImportSchedule.ended_at.is_(None), ImportSchedule.announced),
        or_(ImportSchedule.lease_until.is_(None), ImportSchedule.lease_until < at),
        ImportSchedule.not_before <= at,
    )
    waiting = func.coalesce(ImportSchedule.due_since, ImportSchedule.began_at)
    schedule = session.scalar(
        select(ImportSchedule)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(*is_free, VectorStore.is_active)
        .order_by(waiting, ImportSchedule.row)
        .limit(1)
        .with_for_update(of=ImportSchedule, skip_locked=True)
    )
    if schedule is None:
        return None
    if schedule.run_id is None or schedule.ended_at is not None:
        fresh = {"ended_at": None, "result": None, "attempts": 0, "uploaded": 0, "removed": 0, "error": None}
        fresh |= {"announced": False}
        begun = {"run_id": run_id, "began_at": int(at), "due_since": None, "counts": {}, "reasons": []}
        update_columns(session, schedule, fresh | begun)
    leased = {"lease_holder": lease_holder, "lease_until": at + lease_seconds, "fence": schedule.fence + 1}
    update_columns(session, schedule, leased | {"attempts": schedule.attempts + 1})
    return schedule


def renew_lease(
    session: Session, row: int, fence: int, lease_seconds: float, counts: Mapping[str, int] | None = None
) -> bool:
    """Renew the lease of a run and store its progress. Returns False when the lease was lost or the store is not active."""
    values: dict[str, Any] = {"lease_until": now(session) + lease_seconds}
    if counts is not None:
        values["counts"] = dict(counts)
    return changed_row(session, update(ImportSchedule).where(_held(row, fence), _has_active_store()).values(values))


def release_run(session: Session, row: int, fence: int, *, after_seconds: float, is_counted: bool) -> bool:
    """Release the lease of a run; others may claim it `after_seconds`. `is_counted` counts this as an attempt.

    Returns False when the lease was lost.
    """
    values: dict[str, Any] = {
        "lease_holder": None, "lease_until": None, "not_before": now(session) + after_seconds,
        "attempts": ImportSchedule.attempts - (0 if is_counted else 1),
    }  # fmt: skip
    return changed_row(session, update(ImportSchedule).where(_held(row, fence)).values(values))


def end_run(
    session: Session,
    row: int,
    fence: int,
    result: ImportResult,
    *,
    counts: Mapping[str, int] | None = None,
    reasons: Sequence[Mapping[str, Any]] = (),
    error: str | None = None,
) -> bool:
    """Record how a run ended. Without `counts` the last reported ones stay. Returns False when the lease was lost."""
    values: dict[str, Any] = {
        "ended_at": int(read_clock(session)), "result": result, "reasons": [dict(each) for each in reasons],
        "error": error, "lease_holder": None, "lease_until": None, "not_before": 0.0,
    }  # fmt: skip
    if counts is not None:
        values["counts"] = dict(counts)
    return changed_row(session, update(ImportSchedule).where(_held(row, fence)).values(values))


def get_held_run(session: Session, row: int, fence: int) -> tuple[ImportSchedule, Project] | None:
    """Return the schedule and the project of a leased run, or None when the lease was lost."""
    held = session.execute(
        select(ImportSchedule, Project)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .join(Project, Project.id == VectorStore.project)
        .where(_held(row, fence))
    ).first()
    return None if held is None else (held[0], held[1])


def add_counts(session: Session, row: int, fence: int, *, uploaded: int = 0, removed: int = 0) -> None:
    """Count what a run does, in the transaction that does it. Raises: Abandoned when the lease was lost."""
    values = {"uploaded": ImportSchedule.uploaded + uploaded, "removed": ImportSchedule.removed + removed}
    if not changed_row(session, update(ImportSchedule).where(_held(row, fence)).values(values)):
        raise Abandoned("the import was taken over, or its schedule deleted")


def count_by_state(session: Session) -> dict[str, int]:
    """Count the schedules of active stores by state: `waiting`, `running`, or the result of the last run."""
    states = {
        "waiting": ImportSchedule.due_since.is_not(None) & ~IS_RUNNING,
        "running": IS_RUNNING,
        **{name: ImportSchedule.result == name for name in ("completed", "incomplete", "failed")},
    }
    counts = [func.count().filter(state).label(name) for name, state in states.items()]
    row = session.execute(select(*counts).select_from(ImportSchedule).where(_has_active_store())).one()
    return {name: int(getattr(row, name)) for name in states}


def _failed(session: Session, error: str) -> dict[str, Any]:
    """Return the columns of a run that fails now."""
    return {"ended_at": int(read_clock(session)), "result": "failed", "error": error}


def _is(row: int) -> ColumnElement[bool]:
    return ImportSchedule.row == row


def _held(row: int, fence: int) -> ColumnElement[bool]:
    return and_(_is(row), ImportSchedule.fence == fence, ImportSchedule.lease_until.is_not(None), IS_RUNNING)


def _has_active_store() -> ColumnElement[bool]:
    return ImportSchedule.vector_store_id.in_(select(VectorStore.id).where(VectorStore.is_active))
