"""The tables `webhook_endpoints` and `webhook_deliveries` (deploy/docs/decisions/0010-webhooks.md)."""

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ingest.db.models.base import AUTOINCREMENT, Base, RowNumber


class WebhookEndpoint(Base):
    """A URL that a project's events are sent to, and how the deliveries went."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="an_old_secret_has_an_end"),
        Index("ix_webhook_endpoints_project", "project", "row"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(Text)
    """The secret that signs events, encrypted (ingest/secret_box.py)."""
    old_secret: Mapped[str | None] = mapped_column(Text)
    """The secret before a rotation, which signs beside the new one until `old_secret_until`."""
    old_secret_until: Mapped[float | None]
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[int]
    updated_at: Mapped[int]
    delivered: Mapped[int] = mapped_column(default=0)
    given_up: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    """Why the last delivery failed; None if it succeeded."""


class WebhookDelivery(Base):
    """An event that is to be delivered to one endpoint. The row is deleted when it was delivered or given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint", "type", "object_id"),
        Index("ix_webhook_deliveries_due", "next_try"),
        AUTOINCREMENT,
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    endpoint: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.row", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[float]
