"""Webhook endpoints of a project: the addresses that get events about what has ended.

Decision: deploy/docs/decisions/0010-webhooks.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ingest import ids, secret_box
from ingest.caller import Caller
from ingest.db import locks
from ingest.db import webhooks as rows
from ingest.db.models import WebhookEndpoint
from ingest.db.pages import Page, Window
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest, NotFound
from ingest.services import Services
from ingest.webhooks.events import EventType
from ingest.webhooks.secrets_at_rest import seal
from ingest.webhooks.signing import generate_secret

MAX_ENDPOINTS_PER_PROJECT = 20

OLD_SECRET_VALID_SECONDS = 86_400.0
"""How long a replaced secret still signs beside the new one, if the caller asks for that."""


@dataclass(frozen=True)
class EndpointView:
    """An endpoint, and the number of events that wait for delivery to it."""

    endpoint: WebhookEndpoint
    waiting_events: int
    new_secret: str | None = None
    """The secret in readable form, when it was just made."""

    @property
    def secret_hint(self) -> str:
        """The last characters of the secret."""
        return secret_box.hint(self.endpoint.secret)

    @property
    def id(self) -> str:
        return self.endpoint.id


def create(
    services: Services, caller: Caller, *, name: str, url: str, event_types: Sequence[EventType], paused: bool
) -> EndpointView:
    """Create an endpoint with a new secret.

    Raises InvalidRequest for an invalid URL, and when the project has the maximum number of endpoints.
    """
    _check_url(url)
    secret = generate_secret()
    sealed = seal(services, secret)
    with services.database.transaction() as session:
        locks.advisory_lock(session, locks.webhook_endpoints(caller.project))
        if rows.count(session, caller.project) >= MAX_ENDPOINTS_PER_PROJECT:
            raise InvalidRequest(f"A project has at most {MAX_ENDPOINTS_PER_PROJECT} webhook endpoints.")
        now = int(read_clock(session))
        endpoint = WebhookEndpoint(
            id=ids.new("wh_"),
            project=caller.project,
            name=name,
            url=url,
            event_types=sorted(set(event_types)),
            secret=sealed,
            paused=paused,
            created_at=now,
            updated_at=now,
        )
        session.add(endpoint)
    return EndpointView(endpoint, 0, secret)


def retrieve(services: Services, caller: Caller, endpoint_id: str) -> EndpointView:
    """Return an endpoint. Raises NotFound."""
    with services.database.reading() as session:
        return _view(session, _require(rows.get(session, caller.project, endpoint_id), endpoint_id))


def list_page(services: Services, caller: Caller, window: Window) -> Page[EndpointView]:
    """Return a page of the project's endpoints."""
    with services.database.reading() as session:
        page = rows.list_page(session, caller.project, window)
        return Page([_view(session, endpoint) for endpoint in page.items], page.has_more)


def update(services: Services, caller: Caller, endpoint_id: str, changes: Mapping[str, Any]) -> EndpointView:
    """Change any of name, url, event_types and paused. Raises NotFound, and InvalidRequest for an invalid URL."""
    values = dict(changes)
    if "url" in values:
        _check_url(values["url"])
    if "event_types" in values:
        values["event_types"] = sorted(set(values["event_types"]))
    with services.database.transaction() as session:
        endpoint = _require(rows.get(session, caller.project, endpoint_id), endpoint_id)
        if values:
            rows.update_columns(session, endpoint.row, values | {"updated_at": int(read_clock(session))})
            session.refresh(endpoint)
        return _view(session, endpoint)


def rotate_secret(services: Services, caller: Caller, endpoint_id: str, *, keep_old: bool) -> EndpointView:
    """Replace the secret of an endpoint. With `keep_old` the old one also signs for a day. Raises NotFound."""
    secret = generate_secret()
    sealed = seal(services, secret)
    with services.database.transaction() as session:
        endpoint = _require(rows.get(session, caller.project, endpoint_id), endpoint_id)
        keep_seconds = OLD_SECRET_VALID_SECONDS if keep_old else 0
        rows.rotate_secret(session, endpoint.row, sealed, keep_seconds=keep_seconds)
        session.refresh(endpoint)
        return replace(_view(session, endpoint), new_secret=secret)


def delete(services: Services, caller: Caller, endpoint_id: str) -> None:
    """Delete an endpoint and the events that wait for delivery to it. Raises NotFound."""
    with services.database.transaction() as session:
        if not rows.delete(session, caller.project, endpoint_id):
            _require(None, endpoint_id)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid or any(c <= " " or c == "\x7f" for c in url):
        raise InvalidRequest("Invalid 'url': expected an http or https address without credentials.", param="url")


def _view(session: Session, endpoint: WebhookEndpoint) -> EndpointView:
    return EndpointView(endpoint, rows.count_pending(session, endpoint.row))


def _require(endpoint: WebhookEndpoint | None, endpoint_id: str) -> WebhookEndpoint:
    if endpoint is None:
        raise NotFound(f"No webhook endpoint found with id '{endpoint_id}'.", param="webhook_endpoint_id")
    return endpoint
