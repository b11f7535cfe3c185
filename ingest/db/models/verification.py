"""The table `verifications`."""

from sqlalchemy import JSON, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import Base, RowNumber


class Verification(Base):
    """The schedule and the last findings of the service's own `ingest verify`, in one row (db/checks/verifications.py)."""

    __tablename__ = "verifications"

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    cron: Mapped[str] = mapped_column(Text)
    """The cron expression that `next_at` was computed from."""
    next_at: Mapped[float]
    ended_at: Mapped[float | None]
    findings: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
