"""Schedules of imports as rows, and who is at work on their runs.

The sweep makes a run due; a process takes it with a lease and a new fence; every change it makes after that names the
fence, so a process that lost the run changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import changed, run
from ingest.db.models import ImportedFile, ImportResult, ImportSchedule, Project, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.session import now, read_clock
from ingest.errors import Abandoned

LIVE = ImportSchedule.run_id.is_not(None) & ImportSchedule.ended_at.is_(None)
"""A run is under way, whether anybody is at work on it or not."""


def get(session: Session, store_id: str, schedule_id: str, *, lock: bool = False) -> ImportSchedule | None:
    """A schedule of this store; `lock` keeps others from changing or running it."""
    found = select(ImportSchedule).where(ImportSchedule.id == schedule_id, ImportSchedule.vector_store_id == store_id)
    return session.scalar(found.with_for_update() if lock else found)


def listed(session: Session, store_id: str, window: Window) -> Page[ImportSchedule]:
    """A page of a store's schedules."""
    mine = ImportSchedule.vector_store_id == store_id
    cursor = select(ImportSchedule.row).where(mine, ImportSchedule.id == bindparam("id"))
    statement, key = select(ImportSchedule).where(mine), ImportSchedule.row.expression
    return page(session, statement, key, window, cursor, tombstones.import_schedules(store_id), lambda found: found[0])


def count(session: Session, store_id: str) -> int:
    """How many schedules a store has."""
    mine = ImportSchedule.vector_store_id == store_id
    return session.scalar(select(func.count()).select_from(ImportSchedule).where(mine)) or 0


def change(session: Session, schedule: ImportSchedule, values: Mapping[str, Any]) -> None:
    """Write down a locked schedule's new values."""
    for name, value in values.items():
        setattr(schedule, name, value)
    session.flush()


def remove(session: Session, schedule: ImportSchedule, limit: int) -> bool:
    """Take a locked schedule away, or some of what is known of its files if they are many; whether it is gone."""
    some = select(ImportedFile.row).where(ImportedFile.schedule == schedule.row).limit(limit)
    if run(session, sql_delete(ImportedFile).where(ImportedFile.row.in_(some))).rowcount == limit:
        # Nothing is uploaded for it from now on, and nobody takes it up before the rest is gone.
        values: dict[str, Any] = {
            "fence": ImportSchedule.fence + 1, "paused": True, "next_run_at": None, "wanted_at": None,
            "lease_owner": None, "lease_until": None,
        }  # fmt: skip
        if schedule.run_id is not None and schedule.ended_at is None:
            # With its schedule goes what would be told of it.
            values |= _failed(session, "Its schedule is being deleted.") | {"announced": True}
        run(session, update(ImportSchedule).where(_is(schedule.row)).values(values))
        return False
    scope = tombstones.import_schedules(schedule.vector_store_id)
    tombstones.add(session, scope, schedule.id, schedule.row)
    run(session, sql_delete(ImportSchedule).where(_is(schedule.row)))
    return True


# --- a run becomes due ---


def due(session: Session, limit: int) -> Sequence[ImportSchedule]:
    """Schedules whose time has come, of stores that have not ended; the longest waiting first."""
    return session.scalars(
        select(ImportSchedule)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(ImportSchedule.next_run_at <= now(session), *_alive())
        .order_by(ImportSchedule.next_run_at, ImportSchedule.row)
        .limit(limit)
    ).all()


def fall_due(session: Session, schedule: ImportSchedule, next_run_at: int) -> bool:
    """Move a schedule on to its next time and have it run. False when somebody else did, or it was changed since.

    One that is still running runs once more afterwards, however often it falls due meanwhile.
    """
    mine = (_is(schedule.row), ImportSchedule.next_run_at == schedule.next_run_at)
    same = (ImportSchedule.cron == schedule.cron, ImportSchedule.timezone == schedule.timezone)
    values = {"next_run_at": next_run_at, "wanted_at": func.coalesce(ImportSchedule.due_since, read_clock(session))}
    return changed(session, update(ImportSchedule).where(*mine, *same).values(values))


def end_expired(session: Session) -> int:
    """End the runs of stores that have expired, whoever is at work on them, and take back those that are due; how many
    were under way."""
    expired = select(VectorStore.id).where(VectorStore.expired_at.is_not(None), VectorStore.deleted_at.is_(None))
    theirs = ImportSchedule.vector_store_id.in_(expired)
    due = update(ImportSchedule).where(theirs, ImportSchedule.due_since.is_not(None))
    run(session, due.values(wanted_at=None))
    nobodys = {"fence": ImportSchedule.fence + 1, "lease_owner": None, "lease_until": None, "not_before": 0.0}
    ended = nobodys | _failed(session, "Its vector store has expired.")
    return run(session, update(ImportSchedule).where(theirs, LIVE).values(ended)).rowcount


# --- a run is taken and kept ---


def take(session: Session, owner: str, run_id: str, seconds: float) -> ImportSchedule | None:
    """Take the run that has waited longest: one that is due (it becomes `run_id`), or one that nobody is at work on.

    It is this owner's for some seconds, under the fence that the answer has. None when there is nothing to do. The next
    run of a schedule begins when the end of the one before has been told (db/webhooks.py), for it takes its place.
    """
    at = read_clock(session)
    free = (
        or_(ImportSchedule.due_since.is_not(None), LIVE),
        or_(ImportSchedule.ended_at.is_(None), ImportSchedule.announced),
        or_(ImportSchedule.lease_until.is_(None), ImportSchedule.lease_until < at),
        ImportSchedule.not_before <= at,
    )
    waiting = func.coalesce(ImportSchedule.due_since, ImportSchedule.began_at)
    found = session.scalar(
        select(ImportSchedule)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(*free, *_alive())
        .order_by(waiting, ImportSchedule.row)
        .limit(1)
        .with_for_update(of=ImportSchedule, skip_locked=True)
    )
    if found is None:
        return None
    if found.run_id is None or found.ended_at is not None:
        fresh = {"ended_at": None, "result": None, "attempts": 0, "uploaded": 0, "removed": 0, "error": None}
        fresh |= {"announced": False}
        begun = {"run_id": run_id, "began_at": int(at), "wanted_at": None, "counts": {}, "reasons": []}
        change(session, found, fresh | begun)
    leased = {"lease_owner": owner, "lease_until": at + seconds, "fence": found.fence + 1}
    change(session, found, leased | {"attempts": found.attempts + 1})
    return found


def renew(session: Session, row: int, fence: int, seconds: float, counts: Mapping[str, int] | None = None) -> bool:
    """Keep a run for some seconds more and tell how far it is; False when it is not one's own any more, or its store
    has ended."""
    values: dict[str, Any] = {"lease_until": now(session) + seconds}
    if counts is not None:
        values["counts"] = dict(counts)
    return changed(session, update(ImportSchedule).where(_held(row, fence), _of_a_store_alive()).values(values))


def give_back(session: Session, row: int, fence: int, *, after_seconds: float, counted: bool) -> bool:
    """Let others go on with a run, after some seconds. `counted` as one of its attempts."""
    values: dict[str, Any] = {
        "lease_owner": None, "lease_until": None, "not_before": now(session) + after_seconds,
        "attempts": ImportSchedule.attempts - (0 if counted else 1),
    }  # fmt: skip
    return changed(session, update(ImportSchedule).where(_held(row, fence)).values(values))


def end(
    session: Session,
    row: int,
    fence: int,
    result: ImportResult,
    *,
    counts: Mapping[str, int] | None = None,
    reasons: Sequence[Mapping[str, Any]] = (),
    error: str | None = None,
) -> bool:
    """Write down how a run ended; without `counts` those last told stay. False when it was not one's own any more."""
    values: dict[str, Any] = {
        "ended_at": int(read_clock(session)), "result": result, "reasons": [dict(each) for each in reasons],
        "error": error, "lease_owner": None, "lease_until": None, "not_before": 0.0,
    }  # fmt: skip
    if counts is not None:
        values["counts"] = dict(counts)
    return changed(session, update(ImportSchedule).where(_held(row, fence)).values(values))


def held(session: Session, row: int, fence: int) -> tuple[ImportSchedule, Project] | None:
    """The schedule of a run that is one's own, and whose it is."""
    found = session.execute(
        select(ImportSchedule, Project)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .join(Project, Project.id == VectorStore.project)
        .where(_held(row, fence))
    ).first()
    return None if found is None else (found[0], found[1])


def add_up(session: Session, row: int, fence: int, *, uploaded: int = 0, removed: int = 0) -> None:
    """Count what a run does, in the transaction that does it. Raises Abandoned when the run is somebody else's."""
    values = {"uploaded": ImportSchedule.uploaded + uploaded, "removed": ImportSchedule.removed + removed}
    if not changed(session, update(ImportSchedule).where(_held(row, fence)).values(values)):
        raise Abandoned("the import was taken over, or its schedule deleted")


def standing(session: Session) -> dict[str, int]:
    """Schedules of stores that have not ended by what they do: waiting (due), running, or how their last run ended."""
    states = {
        "waiting": ImportSchedule.due_since.is_not(None) & ~LIVE,
        "running": LIVE,
        **{name: ImportSchedule.result == name for name in ("completed", "incomplete", "failed")},
    }
    counted = [func.count().filter(state).label(name) for name, state in states.items()]
    row = session.execute(select(*counted).select_from(ImportSchedule).where(_of_a_store_alive())).one()
    return {name: int(getattr(row, name)) for name in states}


def _failed(session: Session, error: str) -> dict[str, Any]:
    """The values of a run that fails now."""
    return {"ended_at": int(read_clock(session)), "result": "failed", "error": error}


def _is(row: int) -> ColumnElement[bool]:
    return ImportSchedule.row == row


def _held(row: int, fence: int) -> ColumnElement[bool]:
    return and_(_is(row), ImportSchedule.fence == fence, ImportSchedule.lease_until.is_not(None), LIVE)


def _alive() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None)


def _of_a_store_alive() -> ColumnElement[bool]:
    return ImportSchedule.vector_store_id.in_(select(VectorStore.id).where(*_alive()))
