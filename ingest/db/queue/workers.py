"""The heartbeats of workers: one row a worker, written by its parent process and never for a file."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row, execute
from ingest.db.models import Worker
from ingest.db.session import now, read_clock

KEPT_SECONDS = 86_400.0
"""The row of a dead worker stays this long, so that `/ready` can say when the last one was alive."""

MAX_ROWS = 1_000
"""Rows that are read at most: the latest heartbeats."""


@dataclass(frozen=True)
class WorkerView:
    """A worker, and whether it is alive at the time of the reading."""

    node: str
    lanes: tuple[str, ...]
    processes: int
    heartbeat_at: float
    is_alive: bool


def record_heartbeat(
    session: Session, worker_id: str, *, node: str, lanes: Sequence[str], processes: int, alive_seconds: float
) -> None:
    """Record that a worker is alive, and that it counts as dead without another heartbeat in `alive_seconds`."""
    at = read_clock(session)
    values = {"processes": processes, "heartbeat_at": at, "alive_until": at + alive_seconds}
    if not changed_row(session, update(Worker).where(Worker.id == worker_id).values(values)):
        facts = {"id": worker_id, "node": node, "lanes": ",".join(lanes), "started_at": at}
        execute(session, insert(Worker).values(facts | values))


def record_stop(session: Session, worker_id: str) -> None:
    """Record that a worker has stopped."""
    at = read_clock(session)
    execute(session, update(Worker).where(Worker.id == worker_id).values(heartbeat_at=at, alive_until=at))


def list_workers(session: Session) -> list[WorkerView]:
    """Return the workers of the last day, the latest heartbeat first."""
    rows = session.execute(select(Worker).order_by(Worker.heartbeat_at.desc()).limit(MAX_ROWS)).scalars().all()
    at = read_clock(session) if rows else 0.0
    return [
        WorkerView(row.node, tuple(row.lanes.split(",")), row.processes, row.heartbeat_at, _is_alive(row, at))
        for row in rows
    ]


def delete_dead(session: Session) -> int:
    """Delete the rows of workers that have been dead for a day, and return their number."""
    return execute(session, delete(Worker).where(Worker.alive_until < now(session) - KEPT_SECONDS)).rowcount


def _is_alive(row: Worker, at: float) -> bool:
    """Return whether a worker is alive. A heartbeat of the future was written before the clock was set back."""
    return row.alive_until > at and row.heartbeat_at - at <= row.alive_until - row.heartbeat_at
