"""The table `store_files`."""

from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    case,
    func,
    literal_column,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index
from ingest.status import ParseLane, RowStatus


class StoreFile(Base):
    """A file in a store: the unit of work and its state (deploy/docs/reliability.md).

    - `fence` is the fencing token. It increases whenever the lease changes hands, so a worker that lost it changes nothing.
    - `generation` numbers the versions of the file's points. Search shows only `live_generation`, which `model` made.
      A generation that did not complete is used up. No generation has points of two models.
    - `batch` is the batch that queued the file last. Cancelling that batch cancels the file.
    - `pending_chunk_tokens` and `pending_chunk_overlap` are set while a re-index is in progress: the chunk sizes it uses.
      If it does not complete, the file falls back to `live_generation`.
    - `pending_model` is set if that re-index makes points for the store's standby model, which do not replace the live ones.
    - `standby_*` describe a second generation, of the store's standby model: ready for the cut-over or kept for a rollback
      (deploy/docs/decisions/0011-embedding-models-of-stores.md). Search does not show it.
    """

    __tablename__ = "store_files"
    __table_args__ = (
        UniqueConstraint("vector_store_id", "file_id"),
        CheckConstraint("status IN ('queued','running','completed','failed','cancelled')", name="status"),
        CheckConstraint("(lease_holder IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        CheckConstraint("0 <= crashes AND crashes <= attempts AND attempts <= fence", name="hands"),
        CheckConstraint(
            "generation >= 1 AND (live_generation IS NULL OR live_generation BETWEEN 1 AND generation)",
            name="generations",
        ),
        CheckConstraint("chunks >= 0 AND terms >= 0 AND usage_bytes >= 0", name="sizes"),
        CheckConstraint(
            "live_generation IS NOT NULL OR (chunks = 0 AND terms = 0 AND usage_bytes = 0)",
            name="only_what_is_live_has_sizes",
        ),
        CheckConstraint(
            "live_generation IS NULL OR status NOT IN ('failed','cancelled')",
            name="what_ended_badly_is_not_live",
        ),
        CheckConstraint("published_at IS NULL OR status = 'queued'", name="only_queued_is_published"),
        CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="only_running_is_leased"),
        CheckConstraint("(status = 'failed') = (error_code IS NOT NULL)", name="only_failed_has_an_error"),
        CheckConstraint(
            "status <> 'completed' OR (live_generation IS NOT NULL AND live_generation <= generation)",
            name="completed_is_live",
        ),
        CheckConstraint(
            "pending_chunk_tokens IS NULL OR (status IN ('queued','running') AND live_generation IS NOT NULL)",
            name="only_what_is_live_is_redone",
        ),
        CheckConstraint(
            "pending_model IS NULL OR pending_chunk_tokens IS NOT NULL", name="only_what_is_redone_is_for_a_model"
        ),
        CheckConstraint("(model IS NULL) = (live_generation IS NULL)", name="what_is_live_has_a_model"),
        CheckConstraint(
            "standby_generation IS NULL OR (live_generation IS NOT NULL AND standby_generation <> live_generation"
            " AND standby_generation BETWEEN 1 AND generation)",
            name="only_what_is_live_has_something_aside",
        ),
        CheckConstraint(
            "(standby_generation IS NULL) = (standby_model IS NULL)"
            " AND (standby_generation IS NULL) = (standby_chunks IS NULL)"
            " AND (standby_generation IS NULL) = (standby_terms IS NULL)"
            " AND (standby_generation IS NULL) = (standby_usage_bytes IS NULL)"
            " AND (standby_generation IS NULL) = (standby_chunk_tokens IS NULL)"
            " AND (standby_generation IS NULL) = (standby_chunk_overlap IS NULL)",
            name="aside_as_a_whole",
        ),
        CheckConstraint("standby_model IS NULL OR standby_model <> model", name="aside_is_another_model"),
        Index("ix_store_files_page", "vector_store_id", "row"),
        Index("ix_store_files_status", "vector_store_id", "status", "row"),
        partial_index("ix_store_files_waiting", "batch", "lane", "published_at", "row", where="status = 'queued'"),
        Index("ix_store_files_batch", "batch", "status"),
        partial_index("ix_store_files_leases", "lease_until", where="status = 'running'"),
        partial_index(
            "ix_store_files_published", "published_at", where="status = 'queued' AND published_at IS NOT NULL"
        ),
        partial_index("ix_store_files_asleep", "not_before", where="status = 'queued' AND not_before > 0"),
        Index("ix_store_files_file", "file_id"),
        partial_index("ix_store_files_model", "vector_store_id", "model", where="model IS NOT NULL"),
        partial_index("ix_store_files_slow", "row", where="status = 'queued' AND lane = 'slow'"),
        partial_index("ix_store_files_warnings", "vector_store_id", "row", where="warnings > 0"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"))
    batch: Mapped[int | None] = mapped_column(ForeignKey("file_batches.row", ondelete="SET NULL"))
    created_at: Mapped[int]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    attributes_version: Mapped[int] = mapped_column(default=0)
    chunk_tokens: Mapped[int]
    chunk_overlap: Mapped[int]
    pending_chunk_tokens: Mapped[int | None]
    pending_chunk_overlap: Mapped[int | None]
    pending_model: Mapped[str | None] = mapped_column(String(200))

    status: Mapped[RowStatus] = mapped_column(String(16), default="queued")
    fence: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=1)
    live_generation: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """Claims since the file was last attached, retried or re-indexed."""
    crashes: Mapped[int] = mapped_column(default=0)
    """Those of them whose lease expired. Too many fail the file (ingest/db/queue/reclaim.py)."""
    queued_at: Mapped[float]
    traceparent: Mapped[str | None] = mapped_column(String(55))
    """The W3C trace context of the request that queued the file."""
    not_before: Mapped[float] = mapped_column(default=0.0)
    """When the file may be published again, after a failure of a dependency."""
    published_at: Mapped[float | None]
    lease_until: Mapped[float | None]
    lease_holder: Mapped[str | None] = mapped_column(String(128))

    claimed_model: Mapped[str | None] = mapped_column(String(200))
    """The model that the last worker to claim the file was to embed it with."""
    model: Mapped[str | None] = mapped_column(String(200))
    pipeline_version: Mapped[str | None] = mapped_column(Text)
    """The versions and settings that made the live generation (ingest/jobs/pipeline.py); another value is stale."""
    chunks: Mapped[int] = mapped_column(default=0)
    terms: Mapped[int] = mapped_column(default=0)
    usage_bytes: Mapped[int] = mapped_column(default=0)
    text_checksum: Mapped[int | None]
    """The sum of the checksums of the live chunks (ingest/steps/index/checksums.py); None for files of older versions."""
    standby_generation: Mapped[int | None]
    standby_model: Mapped[str | None] = mapped_column(String(200))
    standby_chunk_tokens: Mapped[int | None]
    standby_chunk_overlap: Mapped[int | None]
    standby_pipeline_version: Mapped[str | None] = mapped_column(Text)
    standby_chunks: Mapped[int | None]
    standby_terms: Mapped[int | None]
    standby_usage_bytes: Mapped[int | None]
    standby_text_checksum: Mapped[int | None]
    error_code: Mapped[str | None] = mapped_column(String(32))
    error_message: Mapped[str | None] = mapped_column(Text)

    warnings: Mapped[int] = mapped_column(default=0, server_default="0")
    """The number of warnings about the live text: 0 without one."""
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    """The coverage report of the text, or of the reading that failed (ingest/steps/parse/report.py).

    Deferred: it may have some KiB, and pages of files do not show it.
    """
    lane: Mapped[ParseLane] = mapped_column(String(16), default="fast", server_default="fast")
    """Slow files, such as scans, are parsed by workers of their own, so that no other file waits for them."""
    pages_done: Mapped[int | None]
    pages_total: Mapped[int | None]
    """The progress of the work in progress, for files whose pages are read one by one."""

    @hybrid_property
    def has_fallback(self) -> bool:
        """Whether the file falls back to its live generation if the work in progress, a re-index, does not complete."""
        return self.pending_chunk_tokens is not None

    @has_fallback.inplace.expression
    @classmethod
    def _has_fallback(cls) -> ColumnElement[bool]:
        return cls.pending_chunk_tokens.is_not(None)

    @hybrid_property
    def has_warnings(self) -> bool:
        """Whether something of the file was not read, or was read with a loss."""
        return self.warnings > 0

    @has_warnings.inplace.expression
    @classmethod
    def _has_warnings(cls) -> ColumnElement[bool]:
        return cls.warnings > literal_column("0")  # a literal, as in the partial index

    @hybrid_property
    def kept_generation(self) -> int:
        """The greatest generation that the file keeps if the work in progress does not complete; 0 for none.

        Generations only increase, so all greater ones belong to work that did not complete.
        """
        return max(self.live_generation or 0, self.standby_generation or 0)

    @kept_generation.inplace.expression
    @classmethod
    def _kept_generation(cls) -> ColumnElement[int]:
        live, standby = func.coalesce(cls.live_generation, 0), func.coalesce(cls.standby_generation, 0)
        return case((standby > live, standby), else_=live)
