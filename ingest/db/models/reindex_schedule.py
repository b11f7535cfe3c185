"""The table `reindex_schedules`."""

from typing import Literal

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index

ReindexScope = Literal["all", "failed", "stale", "warnings"]
ScheduledScope = Literal["all", "failed", "stale"]
"""No schedule re-indexes files with warnings: without another reader they would get the same warnings again."""


class ReindexSchedule(Base):
    """A re-index that starts at the times of a cron expression of five fields in an IANA time zone."""

    __tablename__ = "reindex_schedules"
    __table_args__ = (
        CheckConstraint("\"only\" IN ('all','failed','stale')", name="only"),
        CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        partial_index("ix_reindex_schedules_due", "next_run_at", where="next_run_at IS NOT NULL"),
        Index("ix_reindex_schedules_store", "vector_store_id", "row"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64))
    only: Mapped[ScheduledScope] = mapped_column(String(16))
    chunk_tokens: Mapped[int | None]
    """None leaves each file its own chunk sizes."""
    chunk_overlap: Mapped[int | None]
    paused: Mapped[bool] = mapped_column(Boolean)
    next_run_at: Mapped[int | None]
    last_run_at: Mapped[int | None]
    last_batch_id: Mapped[str | None] = mapped_column(String(64))
