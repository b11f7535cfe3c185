"""The tables `file_batches` and `batch_files` (deploy/docs/api-contract.md section 6)."""

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, WITHOUT_ROWID, Base, RowNumber, partial_index


class FileBatch(Base):
    """A batch of files and its counters. Only db/queue/ changes the counters."""

    __tablename__ = "file_batches"
    __table_args__ = (
        CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        CheckConstraint("cancelled_at IS NULL OR in_progress = 0", name="cancelled_is_final"),
        CheckConstraint(
            "cancelled_at IS NOT NULL OR NOT (swept OR expired)",
            name="only_cancelled_is_swept_or_expired",
        ),
        partial_index("ix_file_batches_active", "dispatched_at", where="in_progress > 0"),
        partial_index("ix_file_batches_unswept", "row", where="cancelled_at IS NOT NULL AND NOT swept"),
        partial_index("ix_file_batches_unannounced", "row", where="in_progress = 0 AND NOT announced"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[int]
    cancelled_at: Mapped[float | None]
    expired: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the batch was cancelled because its store expired, and not by a request."""
    swept: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether all rows of a cancelled batch have been rewritten as cancelled."""
    reindex: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the batch is a re-index. A file that does not complete falls back (deploy/docs/decisions/0009-reindex-as-a-batch.md)."""
    chunk_tokens: Mapped[int | None]
    """The chunk size that a re-index asked for; None leaves each file its own."""
    chunk_overlap: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(String(200))
    """The embedding model that a re-index migrates the store to; None if the store stays with its own."""
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the event of its end was enqueued for the project's webhooks."""
    dispatched_at: Mapped[float] = mapped_column(default=0.0)
    """When the feeder last took files of the batch. The batch that has waited longest is next."""
    in_progress: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)


class BatchFile(Base):
    """A file's membership in a batch. It keeps the outcome there, and its reason, whatever happens to the file later."""

    __tablename__ = "batch_files"
    __table_args__ = (
        CheckConstraint("status IN ('in_progress','completed','failed','cancelled')", name="status"),
        partial_index("ix_batch_files_open", "store_file", where="status = 'in_progress'"),
        WITHOUT_ROWID,
    )

    batch: Mapped[int] = mapped_column(ForeignKey("file_batches.row", ondelete="CASCADE"), primary_key=True)
    store_file: Mapped[int] = mapped_column(primary_key=True)
    """The row number of the file in its store; that row may be gone."""
    status: Mapped[str] = mapped_column(String(16))
    error_code: Mapped[str | None] = mapped_column(String(32))
    error_message: Mapped[str | None] = mapped_column(Text)
