"""The stored form of the secrets of webhook endpoints, for their encryption (ingest/webhooks/secrets_at_rest.py)."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row
from ingest.db.models import WebhookEndpoint


def list_secrets(session: Session) -> dict[int, tuple[str, ...]]:
    """Return the secrets of every endpoint as they are stored, the present one first, by row."""
    columns = (WebhookEndpoint.row, WebhookEndpoint.secret, WebhookEndpoint.old_secret)
    return {row: tuple(filter(None, stored)) for row, *stored in session.execute(select(*columns))}


def replace_secrets(session: Session, row: int, before: Sequence[str], after: Sequence[str]) -> bool:
    """Store the secrets of an endpoint in another form, unless they have changed. Returns whether it did."""
    names = ("secret", "old_secret")[: len(before)]
    is_unchanged = (getattr(WebhookEndpoint, name) == value for name, value in zip(names, before, strict=True))
    values = dict(zip(names, after, strict=True))
    return changed_row(session, update(WebhookEndpoint).where(WebhookEndpoint.row == row, *is_unchanged).values(values))
