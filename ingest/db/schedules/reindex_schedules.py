"""Rows of re-index schedules. The process that sets the next time of a due schedule runs it (`claim`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db import tombstones
from ingest.db.execute import changed_row, execute
from ingest.db.models import ReindexSchedule, VectorStore
from ingest.db.pages import Page, Window, page
from ingest.db.session import now, read_clock


def get(session: Session, store_id: str, schedule_id: str, *, lock: bool = False) -> ReindexSchedule | None:
    """Return a schedule of this store; `lock` keeps others from changing or running it."""
    statement = select(ReindexSchedule).where(
        ReindexSchedule.id == schedule_id, ReindexSchedule.vector_store_id == store_id
    )
    return session.scalar(statement.with_for_update() if lock else statement)


def list_page(session: Session, store_id: str, window: Window) -> Page[ReindexSchedule]:
    """Return a page of a store's schedules."""
    in_store = ReindexSchedule.vector_store_id == store_id
    cursor = select(ReindexSchedule.row).where(in_store, ReindexSchedule.id == bindparam("id"))
    statement, key = select(ReindexSchedule).where(in_store), ReindexSchedule.row.expression
    return page(session, statement, key, window, cursor, tombstones.reindex_schedules(store_id), lambda row: row[0])


def update_columns(session: Session, schedule: ReindexSchedule, values: Mapping[str, Any]) -> None:
    """Set columns of a locked schedule."""
    for name, value in values.items():
        setattr(schedule, name, value)
    session.flush()


def delete(session: Session, schedule: ReindexSchedule) -> None:
    """Delete a schedule. A batch that it started goes on."""
    tombstones.add(session, tombstones.reindex_schedules(schedule.vector_store_id), schedule.id, schedule.row)
    execute(session, sql_delete(ReindexSchedule).where(ReindexSchedule.row == schedule.row))


def list_due(session: Session, limit: int) -> Sequence[ReindexSchedule]:
    """Return schedules of active stores whose next time has come, the longest-waiting first."""
    return session.scalars(
        select(ReindexSchedule)
        .join(VectorStore, VectorStore.id == ReindexSchedule.vector_store_id)
        .where(ReindexSchedule.next_run_at <= now(session), VectorStore.is_active)
        .order_by(ReindexSchedule.next_run_at, ReindexSchedule.row)
        .limit(limit)
    ).all()


def claim(session: Session, schedule: ReindexSchedule, next_run_at: int) -> bool:
    """Set a due schedule's next time. Returns False when the schedule was changed since it was read."""
    is_unmoved = (ReindexSchedule.row == schedule.row, ReindexSchedule.next_run_at == schedule.next_run_at)
    is_unchanged = (ReindexSchedule.cron == schedule.cron, ReindexSchedule.timezone == schedule.timezone)
    values = {"next_run_at": next_run_at, "last_run_at": int(read_clock(session))}
    return changed_row(session, update(ReindexSchedule).where(*is_unmoved, *is_unchanged).values(values))


def record_batch(session: Session, schedule: ReindexSchedule, batch_id: str) -> None:
    """Record the batch of a schedule's last run."""
    execute(session, update(ReindexSchedule).where(ReindexSchedule.row == schedule.row).values(last_batch_id=batch_id))
