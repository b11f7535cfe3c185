"""/v1/vector_stores/{id}/file_batches/{batch_id}/events, which is an extension of ours"""

from typing import Annotated

from fastapi import APIRouter, Header, Request

from api import deps, errors
from api.event_stream import EventStream
from api.schemas.parts import Id
from ingest.stores import batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/file_batches",
    tags=["Events (extension)"],
    responses=errors.MISSING,
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
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    batch_id: Id,
    last_event_id: Annotated[str | None, Header(description="As browsers send it when they connect again.")] = None,
) -> EventStream:
    """Follow a batch without polling: an event `progress` with the batch whenever its counts have changed, comments in
    between, and at last `end` (or `gone`, when its store was deleted). Who comes again with the id of the last event gets
    204, at which a browser stops asking."""
    batch = batches.retrieve(services, caller, vector_store_id, batch_id)
    return EventStream(request.app.state.following, services, batch, last_event_id)
