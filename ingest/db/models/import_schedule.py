"""The tables `import_schedules` and `imported_files` (deploy/docs/decisions/0012-scheduled-imports.md)."""

from typing import Any, Literal

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index

ImportResult = Literal["completed", "incomplete", "failed"]

_DUE_OR_RUNNING = "due_since IS NOT NULL OR (run_id IS NOT NULL AND ended_at IS NULL)"


class ImportSchedule(Base):
    """An import that starts at the times of a cron expression, and its last run.

    A run is due (`due_since`), then in progress (`run_id` without `ended_at`), then ended (`result`). One process at a
    time holds a run by a lease (`lease_holder`). `fence` is the fencing token: it increases whenever the lease changes
    hands, so a process that lost its lease uploads nothing.
    """

    __tablename__ = "import_schedules"
    __table_args__ = (
        CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        CheckConstraint("(run_id IS NULL) = (began_at IS NULL)", name="a_run_has_begun"),
        CheckConstraint("ended_at IS NULL OR run_id IS NOT NULL", name="only_a_run_ends"),
        CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name="what_ended_has_a_result"),
        CheckConstraint("ended_at IS NOT NULL OR NOT announced", name="only_what_ended_is_announced"),
        CheckConstraint("result IN ('completed','incomplete','failed')", name="result"),
        CheckConstraint("(lease_holder IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        CheckConstraint(
            "lease_until IS NULL OR (run_id IS NOT NULL AND ended_at IS NULL)", name="only_runs_are_leased"
        ),
        CheckConstraint("0 <= attempts AND attempts <= fence", name="hands"),
        CheckConstraint("uploaded >= 0 AND removed >= 0", name="counts"),
        partial_index("ix_import_schedules_due", "next_run_at", where="next_run_at IS NOT NULL"),
        partial_index("ix_import_schedules_work", "not_before", where=_DUE_OR_RUNNING),
        Index("ix_import_schedules_store", "vector_store_id", "row"),
        partial_index("ix_import_schedules_unannounced", "row", where="ended_at IS NOT NULL AND NOT announced"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    sources: Mapped[list[str]] = mapped_column(JSON)
    manifests: Mapped[list[str]] = mapped_column(JSON)
    include: Mapped[list[str]] = mapped_column(JSON)
    exclude: Mapped[list[str]] = mapped_column(JSON)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    attributes_from_path: Mapped[list[str]] = mapped_column(JSON)
    delete_missing: Mapped[bool] = mapped_column(Boolean)
    retry_failed: Mapped[bool] = mapped_column(Boolean)
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64))
    paused: Mapped[bool] = mapped_column(Boolean)
    next_run_at: Mapped[int | None]

    due_since: Mapped[float | None]
    """Since when a run is due that has not begun."""
    not_before: Mapped[float] = mapped_column(default=0.0)
    """When a process may take the run again, after a failure."""
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    """Claims of this run, without those whose process released it as it stopped."""
    lease_until: Mapped[float | None]
    lease_holder: Mapped[str | None] = mapped_column(String(128))

    run_id: Mapped[str | None] = mapped_column(String(64))
    began_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the event of the run's end was enqueued for the project's webhooks. The next run begins after that."""
    result: Mapped[ImportResult | None] = mapped_column(String(16))
    uploaded: Mapped[int] = mapped_column(default=0)
    """Files of the run, counted in the transactions that made them."""
    removed: Mapped[int] = mapped_column(default=0)
    """Files that were missing in the sources, counted in the transactions that marked them."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    error: Mapped[str | None] = mapped_column(Text)


class ImportedFile(Base):
    """A file that a schedule uploaded, and what it was made of; inserted in the transaction that made the file.

    The last row with a source is its present version. Older rows, and those that are `is_removed`, are to be removed.
    """

    __tablename__ = "imported_files"
    __table_args__ = (Index("ix_imported_files_schedule", "schedule", "row"), AUTOINCREMENT)

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    schedule: Mapped[int] = mapped_column(ForeignKey("import_schedules.row", ondelete="CASCADE"))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), unique=True)
    source: Mapped[bytes] = mapped_column(LargeBinary)
    """The real path or the URL, as bytes: names of files need not be valid text."""
    name: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    """What the source showed of its version without being read: a modification time or an ETag."""
    is_removed: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the file is missing in the sources and has been counted in `ImportSchedule.removed`."""
