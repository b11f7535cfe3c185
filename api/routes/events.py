"""GET /v1/vector_stores/{id}/file_batches/{batch_id}/events, an extension of OpenAI's API: progress of a batch.

Calls `retrieve` of ingest/stores/batches.py, and streams with api/event_stream.py.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from api import deps
from api.event_stream import EventStream
from api.openapi import errors
from api.schemas.parts import Id
from ingest.stores import batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/file_batches",
    tags=["Events (extension)"],
    responses=errors.NOT_FOUND,
)

EVENT = {
    "title": "One event of the stream",
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end", "gone"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "The batch."},
    },
    "required": ["event"],
}


@router.get(
    "/{batch_id}/events",
    status_code=200,
    response_class=EventStream,
    responses={200: {"content": {"text/event-stream": {"schema": EVENT}}}},
)
def events(
    request: Request,
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    batch_id: Id,
    last_event_id: Annotated[
        str | None, Header(description="Id of the last received event; browsers send it when they reconnect.")
    ] = None,
) -> EventStream:
    """Follow a batch without polling.

    Sends an event `progress` with the batch whenever its counts change, comments in between, and finally `end`, or `gone`
    if the store was deleted. A client that reconnects with the id of the last event gets 204; browsers then stop.
    """
    batch = batches.retrieve(services, caller, vector_store_id, batch_id)
    return EventStream(request.app.state.batch_watcher, services, caller.project, batch, last_event_id)
