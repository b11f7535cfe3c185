"""The table `reindex_gates`."""

from typing import Any, Literal

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import WITHOUT_ROWID, Base, partial_index

GateState = Literal["waiting", "passed", "failed", "overridden"]


class ReindexGate(Base):
    """The gate of a store's migration to a model: golden queries, and what came of them (ingest/reindex/gate.py).

    - `waiting`: the golden queries were not all evaluated yet.
    - `passed`: recall is not worse with the new index. The store may cut over.
    - `failed`: recall is worse. The store stays with its index.
    - `overridden`: an operator lets the store cut over anyway.

    `batch` and `epoch` say what `recalls` and the verdict are about: the latest batch of the migration, and the store's
    epoch. With another batch or epoch they count no more.
    """

    __tablename__ = "reindex_gates"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','passed','failed','overridden')", name="state"),
        CheckConstraint("tolerance >= 0", name="tolerance"),
        partial_index("ix_reindex_gates_unannounced", "vector_store_id", where="NOT announced"),
        WITHOUT_ROWID,
    )

    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(String(200), primary_key=True)
    """The embedding model that the store migrates to."""
    created_at: Mapped[int]
    version: Mapped[int] = mapped_column(default=0)
    """Increases when a request sets or resets the gate. An evaluation that began before is discarded."""
    tolerance: Mapped[float]
    """How much the mean recall may fall."""
    query_count: Mapped[int]
    state: Mapped[GateState] = mapped_column(String(16), default="waiting")
    batch: Mapped[int | None]
    epoch: Mapped[int | None]
    recalls: Mapped[list[list[float] | None]] = mapped_column(JSON, default=list)
    """The recall with the current and with the new index, of each query that was evaluated so far; None of a query whose
    expected files are not in the store."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """The measurements of the last verdict."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why the gate failed, or why it waits."""
    evaluated_at: Mapped[float | None]
    announced: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether the event of the verdict was enqueued for the project's webhooks."""
    queries: Mapped[list[dict[str, Any]]] = mapped_column(JSON, deferred=True)
    """The golden queries, as ingest/search/evaluation/golden.py reads them."""
