"""The table `vector_stores`."""

from typing import Literal

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, and_
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber, partial_index

StandbyState = Literal["staging", "mixed", "kept", "dropping"]


class VectorStore(Base):
    """A vector store and its counters (deploy/docs/api-contract.md section 4). Only db/queue/ changes the counters.

    `standby_model` is the second embedding model that files of the store have points of
    (deploy/docs/decisions/0011-embedding-models-of-stores.md). `standby_state` says why:
    - `staging`: the store migrates to `standby_model`. Search uses `model` alone until every file is ready.
    - `mixed`: the store migrates to `model` file by file. Search uses both models.
    - `kept`: the store has migrated from `standby_model`, whose points are kept for a rollback.
    - `dropping`: the points of `standby_model` are being deleted.
    """

    __tablename__ = "vector_stores"
    __table_args__ = (
        CheckConstraint("standby_state IN ('staging','mixed','kept','dropping')", name="other_state"),
        CheckConstraint("(standby_model IS NULL) = (standby_state IS NULL)", name="only_another_model_has_a_state"),
        CheckConstraint("standby_model IS NULL OR standby_model <> model", name="the_other_model_is_another"),
        CheckConstraint("standby_state <> 'kept' OR standby_since IS NOT NULL", name="what_is_kept_has_a_time"),
        CheckConstraint("standby_since IS NULL OR standby_model IS NOT NULL", name="only_another_model_is_kept"),
        CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        CheckConstraint("usage_bytes >= 0 AND chunks >= 0 AND terms >= 0", name="sums"),
        Index("ix_vector_stores_project", "project", "row"),
        partial_index("ix_vector_stores_moving", "row", where="standby_model IS NOT NULL"),
        partial_index("ix_vector_stores_unannounced", "row", where="expired_at IS NOT NULL AND NOT announced"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(200))
    """The embedding model of new files, by the name it is configured under."""
    standby_model: Mapped[str | None] = mapped_column(String(200))
    standby_state: Mapped[StandbyState | None] = mapped_column(String(16))
    standby_since: Mapped[float | None]
    """When the store migrated from `standby_model`; None if it never used that model."""
    epoch: Mapped[int] = mapped_column(default=0)
    """Increases with every change of the models or their state. It fences off workers that claimed a file before."""
    meta: Mapped[dict[str, str]] = mapped_column("metadata", JSON)
    created_at: Mapped[int]
    last_active_at: Mapped[int]
    expires_after_days: Mapped[int | None]
    expired_at: Mapped[int | None]
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether the event of its expiry was enqueued for the project's webhooks."""
    deleted_at: Mapped[float | None]
    in_progress: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    usage_bytes: Mapped[int] = mapped_column(default=0)
    chunks: Mapped[int] = mapped_column(default=0)
    """Chunks of all files that search shows."""
    terms: Mapped[int] = mapped_column(default=0)
    """Words in these chunks; `terms / chunks` is BM25's mean document length."""
    languages: Mapped[int] = mapped_column(BigInteger, default=0)
    """Languages of the store's texts as a set of bits (ingest/steps/bm25). Bits are added and never removed."""

    @hybrid_property
    def is_deleted(self) -> bool:
        """Whether the store was deleted; the sweep removes its row later."""
        return self.deleted_at is not None

    @is_deleted.inplace.expression
    @classmethod
    def _is_deleted(cls) -> ColumnElement[bool]:
        return cls.deleted_at.is_not(None)

    @hybrid_property
    def is_active(self) -> bool:
        """Whether the store was neither deleted nor found expired by the sweep."""
        return self.deleted_at is None and self.expired_at is None

    @is_active.inplace.expression
    @classmethod
    def _is_active(cls) -> ColumnElement[bool]:
        return and_(cls.deleted_at.is_(None), cls.expired_at.is_(None))
