"""The table `workers`."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base


class Worker(Base):
    """A worker: one parent process with its child processes, alive while it renews its heartbeat (db/queue/workers.py)."""

    __tablename__ = "workers"
    __table_args__ = WITHOUT_ROWID

    id: Mapped[str] = mapped_column(String(160), primary_key=True)
    """`node/pid` of the parent process."""
    node: Mapped[str] = mapped_column(String(128))
    """The machine's name, as in the lease holders of the child processes."""
    lanes: Mapped[str] = mapped_column(String(64))
    """The lanes of files that it takes, separated by commas."""
    processes: Mapped[int]
    """Its child processes: files at a time."""
    started_at: Mapped[float]
    heartbeat_at: Mapped[float]
    alive_until: Mapped[float]
    """The worker counts as dead after this time, unless it renews its heartbeat."""
