"""The size of the backlog, for metrics. Its cost does not grow with the number of files."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.db.models import FileBatch, PointJob, StoreFile, VectorStore
from ingest.db.session import now, read_clock


@dataclass(frozen=True)
class Backlog:
    """The files that wait and run, the age of the oldest, and the point jobs that are overdue."""

    queued: int
    running: int
    oldest_seconds: float
    """The age of the oldest unfinished batch or queued single file; 0 when nothing waits."""
    overdue_point_jobs: int


def read_backlog(session: Session) -> Backlog:
    """Return the backlog of the whole service, from the stores' counters."""
    alive = (VectorStore.is_active,)
    unfinished = session.scalar(select(func.coalesce(func.sum(VectorStore.in_progress), 0)).where(*alive)) or 0
    # A lease ends after 1970. The condition lets the partial index on the leases serve this statement.
    is_running = (StoreFile.status == "running", StoreFile.lease_until > 0)
    running = session.scalar(select(func.count()).where(*is_running)) or 0
    batch = session.scalar(select(func.min(FileBatch.created_at)).where(FileBatch.in_progress > 0))
    single = session.scalar(
        select(func.min(StoreFile.queued_at)).where(StoreFile.status == "queued", StoreFile.batch.is_(None))
    )
    oldest = min((float(at) for at in (batch, single) if at is not None), default=None)
    overdue = session.scalar(select(func.count()).where(PointJob.due_at < now(session))) or 0
    return Backlog(
        queued=max(int(unfinished) - running, 0),
        running=running,
        oldest_seconds=0.0 if oldest is None else max(read_clock(session) - oldest, 0.0),
        overdue_point_jobs=overdue,
    )
