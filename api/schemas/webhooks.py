"""Requests and responses of webhook endpoints (deploy/docs/api/webhook-endpoints.md lists the events)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import RequestModel, ResponseModel, Storable
from ingest.webhooks.endpoints import EndpointView
from ingest.webhooks.events import EventType

Name = Annotated[str, Field(max_length=256), Storable]
Url = Annotated[str, Field(min_length=1, max_length=2048), Storable]
EventTypes = Annotated[list[EventType], Field(min_length=1, max_length=16)]


class CreateWebhookEndpoint(RequestModel):
    """Body of POST /webhook_endpoints."""

    name: Name
    url: Url
    event_types: EventTypes
    paused: bool = False


class UpdateWebhookEndpoint(RequestModel):
    """Body of POST /webhook_endpoints/{id}: changes only the fields that are present."""

    name: Name | None = None
    url: Url | None = None
    event_types: EventTypes | None = None
    paused: bool | None = None


class TestWebhookEndpoint(RequestModel):
    """Body of POST /webhook_endpoints/{id}/test."""

    event_type: EventType


class RotateWebhookSecret(RequestModel):
    """Body of POST /webhook_endpoints/{id}/rotate_secret."""

    keep_old_secret_active_for_24_hours: bool = False


class Deliveries(ResponseModel):
    """Numbers of events by outcome: waiting, delivered, given up after a day of retries."""

    waiting: int
    delivered: int
    given_up: int
    last_error: str | None
    """Error of the last delivery; null if it succeeded."""


class WebhookEndpoint(ResponseModel):
    """A webhook endpoint. Its secret is returned once, when it is created or rotated."""

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
    def from_view(cls, view: EndpointView) -> "WebhookEndpoint":
        return cls.model_validate(_fields(view))


class WebhookEndpointWithSecret(WebhookEndpoint):
    """A webhook endpoint with its new secret."""

    signing_secret: str

    @classmethod
    def from_view(cls, view: EndpointView) -> "WebhookEndpointWithSecret":
        return cls.model_validate(_fields(view) | {"signing_secret": view.new_secret})


class WebhookEndpointTest(ResponseModel):
    """The status that an endpoint answered to a test event. A test without an answer is an error response."""

    object: Literal["webhook_endpoint.test"] = "webhook_endpoint.test"
    webhook_endpoint_id: str
    event_type: EventType
    status_code: int
    success: Literal[True] = True


def _fields(view: EndpointView) -> dict[str, object]:
    row = view.endpoint
    return {
        "id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "name": row.name,
        "url": row.url,
        "event_types": row.event_types,
        "signing_secret_hint": f"whsec_...{view.secret_hint}",
        "paused": row.paused,
        "deliveries": Deliveries(
            waiting=view.waiting_events, delivered=row.delivered, given_up=row.given_up, last_error=row.last_error
        ),
    }
