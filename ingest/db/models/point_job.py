"""The table `point_jobs`."""

from typing import Literal

from sqlalchemy import Boolean, CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber

PointJobKind = Literal["purge", "attributes"]


class PointJob(Base):
    """Work on points in Qdrant that survives crashes of all processes.

    `purge` deletes the points of one file from `first_generation` to `last_generation`, or those of a whole store
    (`store_file` is None). It is done at once, and again (`is_final`) after the lease horizon, when no worker that lost
    its lease can write any more. `attributes` writes the present attributes of one file to its points.
    """

    __tablename__ = "point_jobs"
    __table_args__ = (
        CheckConstraint("kind IN ('purge','attributes')", name="kind"),
        CheckConstraint(
            "kind = 'purge' OR (store_file IS NOT NULL AND NOT is_final)",
            name="only_purges_are_repeated_or_of_a_store",
        ),
        Index("ix_point_jobs_due", "due_at"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    kind: Mapped[PointJobKind] = mapped_column(String(16))
    vector_store_id: Mapped[str] = mapped_column(String(64))
    store_file: Mapped[int | None]
    """The row number of the file in its store; that row may be gone."""
    first_generation: Mapped[int] = mapped_column(default=0)
    last_generation: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[float]
    is_final: Mapped[bool] = mapped_column(Boolean, default=False)
