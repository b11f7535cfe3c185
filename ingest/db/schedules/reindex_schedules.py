"""Schedules of re-indexes as rows. Whoever moves one on from its due time is the one that runs it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import changed, run
from ingest.db.models import ReindexSchedule, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.session import now, read_clock


def get(session: Session, store_id: str, schedule_id: str, *, lock: bool = False) -> ReindexSchedule | None:
    """A schedule of this store; `lock` keeps others from changing or running it."""
    found = select(ReindexSchedule).where(
        ReindexSchedule.id == schedule_id, ReindexSchedule.vector_store_id == store_id
    )
    return session.scalar(found.with_for_update() if lock else found)


def listed(session: Session, store_id: str, window: Window) -> Page[ReindexSchedule]:
    """A page of a store's schedules."""
    mine = ReindexSchedule.vector_store_id == store_id
    cursor = select(ReindexSchedule.row).where(mine, ReindexSchedule.id == bindparam("id"))
    statement, key = select(ReindexSchedule).where(mine), ReindexSchedule.row.expression
    return page(session, statement, key, window, cursor, tombstones.schedules(store_id), lambda found: found[0])


def change(session: Session, schedule: ReindexSchedule, values: Mapping[str, Any]) -> None:
    """Write down a locked schedule's new values."""
    for name, value in values.items():
        setattr(schedule, name, value)
    session.flush()


def remove(session: Session, schedule: ReindexSchedule) -> None:
    """Take a schedule away; a batch that it began goes on."""
    tombstones.add(session, tombstones.schedules(schedule.vector_store_id), schedule.id, schedule.row)
    run(session, sql_delete(ReindexSchedule).where(ReindexSchedule.row == schedule.row))


def due(session: Session, limit: int) -> Sequence[ReindexSchedule]:
    """Schedules whose time has come, of stores that have not ended; the longest waiting first."""
    alive = (VectorStore.deleted_at.is_(None), VectorStore.expired_at.is_(None))
    return session.scalars(
        select(ReindexSchedule)
        .join(VectorStore, VectorStore.id == ReindexSchedule.vector_store_id)
        .where(ReindexSchedule.next_run_at <= now(session), *alive)
        .order_by(ReindexSchedule.next_run_at, ReindexSchedule.row)
        .limit(limit)
    ).all()


def take(session: Session, schedule: ReindexSchedule, next_run_at: int) -> bool:
    """Move a schedule that is due on to its next time. False when somebody else did, or it was changed since."""
    mine = (ReindexSchedule.row == schedule.row, ReindexSchedule.next_run_at == schedule.next_run_at)
    same = (ReindexSchedule.cron == schedule.cron, ReindexSchedule.timezone == schedule.timezone)
    values = {"next_run_at": next_run_at, "last_run_at": int(read_clock(session))}
    return changed(session, update(ReindexSchedule).where(*mine, *same).values(values))


def began(session: Session, schedule: ReindexSchedule, batch_id: str) -> None:
    """Write down the batch of a schedule's last run."""
    run(session, update(ReindexSchedule).where(ReindexSchedule.row == schedule.row).values(last_batch_id=batch_id))
