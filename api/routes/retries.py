"""/v1/vector_stores/{id}/retry and .../file_batches/{batch_id}/retry, an extension of OpenAI's API.

Calls `retry` of ingest/reindex/rerun_batches.py.
"""

from fastapi import APIRouter, Body

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import retries as wire
from api.schemas.parts import Id
from ingest.reindex import rerun_batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}",
    tags=["Retries (extension)"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)


@router.post("/retry")
def retry(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.Retry | None = Body(None)
) -> wire.VectorStoreRetry:
    """Retry the failed files of a store as a new batch."""
    result = rerun_batches.retry(services, caller, vector_store_id, (body or wire.Retry()).statuses)
    return wire.VectorStoreRetry.from_result(vector_store_id, result)


@router.post("/file_batches/{batch_id}/retry")
def retry_batch(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    batch_id: Id,
    body: wire.Retry | None = Body(None),
) -> wire.VectorStoreRetry:
    """Retry the failed files of a batch as a new batch. The old batch keeps its counts."""
    statuses = (body or wire.Retry()).statuses
    result = rerun_batches.retry(services, caller, vector_store_id, statuses, batch_id=batch_id)
    return wire.VectorStoreRetry.from_result(vector_store_id, result)
