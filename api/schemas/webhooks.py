"""Webhook endpoints: as the client's `webhooks` resource has them, with our own events (deploy/openai-compatibility.md)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import Body, Storable, Wire
from ingest.webhooks.endpoints import EventType, Shown

HINT_CHARACTERS = 4

Name = Annotated[str, Field(max_length=256), Storable]
Url = Annotated[str, Field(min_length=1, max_length=2048), Storable]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=16)]


class CreateWebhookEndpoint(Body):
    """POST /webhook_endpoints"""

    name: Name
    url: Url
    event_types: EventTypes
    paused: bool = False


class UpdateWebhookEndpoint(Body):
    """POST /webhook_endpoints/{id}: only what is present changes."""

    name: Name | None = None
    url: Url | None = None
    event_types: EventTypes | None = None
    paused: bool | None = None


class TestWebhookEndpoint(Body):
    """POST /webhook_endpoints/{id}/test"""

    event_type: EventType


class RotateWebhookSecret(Body):
    """POST /webhook_endpoints/{id}/rotate_secret"""

    keep_old_secret_active_for_24_hours: bool = False


class Deliveries(Wire):
    """How the telling went: events that wait, that arrived, and that were given up after a day."""

    waiting: int
    delivered: int
    given_up: int
    last_error: str | None
    """Of the last delivery; null when it went well."""


class WebhookEndpoint(Wire):
    """An endpoint. Its secret is shown once, when it is made or rotated."""

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    created_at: int
    updated_at: int
    name: str
    url: str
    event_types: list[EventType]
    signing_secret_hint: str
    paused: bool
    deliveries: Deliveries

    @classmethod
    def of(cls, shown: Shown) -> "WebhookEndpoint":
        return cls.model_validate(_facts(shown))


class WebhookEndpointWithSecret(WebhookEndpoint):
    """An endpoint with a new secret."""

    signing_secret: str

    @classmethod
    def of(cls, shown: Shown) -> "WebhookEndpointWithSecret":
        return cls.model_validate(_facts(shown) | {"signing_secret": shown.endpoint.secret})


class WebhookEndpointTest(Wire):
    """What an endpoint answered to a test; other outcomes than an answer are errors."""

    object: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: EventType
    status_code: int
    success: Literal[True] = True


def _facts(shown: Shown) -> dict[str, object]:
    row = shown.endpoint
    return {
        "id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "name": row.name,
        "url": row.url,
        "event_types": row.event_types,
        "signing_secret_hint": f"whsec_...{row.secret[-HINT_CHARACTERS:]}",
        "paused": row.paused,
        "deliveries": Deliveries(
            waiting=shown.waiting, delivered=row.delivered, given_up=row.given_up, last_error=row.last_error
        ),
    }
