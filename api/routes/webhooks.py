"""/v1/webhook_endpoints: endpoints that receive events.

Calls `create`, `list_page`, `retrieve`, `update`, `delete` and `rotate_secret` of ingest/webhooks/endpoints.py, and
`send_test_event` of ingest/webhooks/delivery.py.
"""

from fastapi import APIRouter, Body

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import webhooks as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.webhooks import delivery, endpoints

router = APIRouter(prefix="/v1/webhook_endpoints", tags=["Webhooks"], route_class=JsonRoute)


@router.post("")
def create(
    services: deps.ServicesDep, caller: deps.CallerDep, body: wire.CreateWebhookEndpoint
) -> wire.WebhookEndpointWithSecret:
    """Create an endpoint for events. Only this response contains the secret that signs them."""
    endpoint = endpoints.create(
        services, caller, name=body.name, url=body.url, event_types=body.event_types, paused=body.paused
    )
    return wire.WebhookEndpointWithSecret.from_view(endpoint)


@router.get("")
def list_webhook_endpoints(
    services: deps.ServicesDep, caller: deps.CallerDep, window: deps.WindowDep
) -> ListPage[wire.WebhookEndpoint]:
    """List the webhook endpoints."""
    page = endpoints.list_page(services, caller, window)
    return deps.to_list_page(page, [wire.WebhookEndpoint.from_view(view) for view in page.items])


@router.get("/{webhook_endpoint_id}", responses=errors.NOT_FOUND)
def retrieve(services: deps.ServicesDep, caller: deps.CallerDep, webhook_endpoint_id: Id) -> wire.WebhookEndpoint:
    """Retrieve a webhook endpoint with its delivery counts."""
    return wire.WebhookEndpoint.from_view(endpoints.retrieve(services, caller, webhook_endpoint_id))


@router.post("/{webhook_endpoint_id}", responses=errors.NOT_FOUND)
def update(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    webhook_endpoint_id: Id,
    body: wire.UpdateWebhookEndpoint | None = Body(None),
) -> wire.WebhookEndpoint:
    """Change, pause or resume a webhook endpoint."""
    changes = (body or wire.UpdateWebhookEndpoint()).model_dump(exclude_none=True)
    return wire.WebhookEndpoint.from_view(endpoints.update(services, caller, webhook_endpoint_id, changes))


@router.delete("/{webhook_endpoint_id}", responses=errors.NOT_FOUND)
def delete(services: deps.ServicesDep, caller: deps.CallerDep, webhook_endpoint_id: Id) -> Deleted:
    """Delete a webhook endpoint. Its pending events are dropped."""
    endpoints.delete(services, caller, webhook_endpoint_id)
    return Deleted(id=webhook_endpoint_id, object="webhook_endpoint.deleted")


@router.post("/{webhook_endpoint_id}/rotate_secret", responses=errors.NOT_FOUND)
def rotate_secret(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    webhook_endpoint_id: Id,
    body: wire.RotateWebhookSecret | None = Body(None),
) -> wire.WebhookEndpointWithSecret:
    """Replace the secret. The old one ends at once, or signs events beside the new one for 24 hours."""
    keeps_old_secret = body is not None and body.keep_old_secret_active_for_24_hours
    return wire.WebhookEndpointWithSecret.from_view(
        endpoints.rotate_secret(services, caller, webhook_endpoint_id, keep_old=keeps_old_secret)
    )


@router.post("/{webhook_endpoint_id}/test", responses=errors.NOT_FOUND)
def try_out(
    services: deps.ServicesDep, caller: deps.CallerDep, webhook_endpoint_id: Id, body: wire.TestWebhookEndpoint
) -> wire.WebhookEndpointTest:
    """Send a test event at once and return the status that the endpoint answered."""
    status = delivery.send_test_event(services, caller, webhook_endpoint_id, body.event_type)
    return wire.WebhookEndpointTest(
        webhook_endpoint_id=webhook_endpoint_id, event_type=body.event_type, status_code=status
    )
