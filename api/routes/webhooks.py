"""/v1/webhook_endpoints"""

from fastapi import APIRouter, Body

from api import deps, errors
from api.schemas import webhooks as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.webhooks import delivery, endpoints

router = APIRouter(prefix="/v1/webhook_endpoints", tags=["Webhooks"])


@router.post("")
def create(
    services: deps.GivenTools, caller: deps.GivenCaller, body: wire.CreateWebhookEndpoint
) -> wire.WebhookEndpointWithSecret:
    """Have events sent to an address; the answer alone has the secret with which they are signed."""
    made = endpoints.create(
        services, caller, name=body.name, url=body.url, event_types=body.event_types, paused=body.paused
    )
    return wire.WebhookEndpointWithSecret.of(made)


@router.get("")
def list_webhook_endpoints(
    services: deps.GivenTools, caller: deps.GivenCaller, window: deps.GivenWindow
) -> ListPage[wire.WebhookEndpoint]:
    """List the webhook endpoints."""
    page = endpoints.list_page(services, caller, window)
    return deps.list_page(page, [wire.WebhookEndpoint.of(shown) for shown in page.items])


@router.get("/{webhook_endpoint_id}", responses=errors.MISSING)
def retrieve(services: deps.GivenTools, caller: deps.GivenCaller, webhook_endpoint_id: Id) -> wire.WebhookEndpoint:
    """One webhook endpoint, and how its deliveries went."""
    return wire.WebhookEndpoint.of(endpoints.retrieve(services, caller, webhook_endpoint_id))


@router.post("/{webhook_endpoint_id}", responses=errors.MISSING)
def update(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    webhook_endpoint_id: Id,
    body: wire.UpdateWebhookEndpoint | None = Body(None),
) -> wire.WebhookEndpoint:
    """Change a webhook endpoint, or pause it."""
    changes = (body or wire.UpdateWebhookEndpoint()).model_dump(exclude_none=True)
    return wire.WebhookEndpoint.of(endpoints.update(services, caller, webhook_endpoint_id, changes))


@router.delete("/{webhook_endpoint_id}", responses=errors.MISSING)
def delete(services: deps.GivenTools, caller: deps.GivenCaller, webhook_endpoint_id: Id) -> Deleted:
    """Delete a webhook endpoint; what was on its way is not delivered."""
    endpoints.delete(services, caller, webhook_endpoint_id)
    return Deleted(id=webhook_endpoint_id, object="webhook_endpoint.deleted")


@router.post("/{webhook_endpoint_id}/rotate_secret", responses=errors.MISSING)
def rotate_secret(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    webhook_endpoint_id: Id,
    body: wire.RotateWebhookSecret | None = Body(None),
) -> wire.WebhookEndpointWithSecret:
    """Replace the secret; the old one goes at once, or signs beside the new one for 24 hours."""
    keep = body is not None and body.keep_old_secret_active_for_24_hours
    return wire.WebhookEndpointWithSecret.of(endpoints.rotate(services, caller, webhook_endpoint_id, keep_old=keep))


@router.post("/{webhook_endpoint_id}/test", responses=errors.MISSING)
def try_out(
    services: deps.GivenTools, caller: deps.GivenCaller, webhook_endpoint_id: Id, body: wire.TestWebhookEndpoint
) -> wire.WebhookEndpointTest:
    """Send a made-up event at once, and say what was answered."""
    status = delivery.try_out(services, caller, webhook_endpoint_id, body.event_type)
    return wire.WebhookEndpointTest(
        webhook_endpoint_id=webhook_endpoint_id, event_type=body.event_type, status_code=status
    )
