"""The table `outages`."""

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base


class Outage(Base):
    """A dependency that has failed files since the last file completed (db/queue/outages.py)."""

    __tablename__ = "outages"
    __table_args__ = WITHOUT_ROWID

    dependency: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[float]
    failures: Mapped[int]
    """Failures in a row."""
    next_try: Mapped[float]
    """When a worker may probe the dependency again."""
    model: Mapped[str] = mapped_column(String(200), primary_key=True, default="", server_default="")
    """The embedding model, for an embedder; otherwise empty."""
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The error of the last failure, without credentials."""
