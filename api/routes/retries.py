"""/v1/vector_stores/{id}/retry and .../file_batches/{id}/retry, which are extensions of ours"""

from fastapi import APIRouter, Body

from api import deps, errors
from api.schemas import retries as wire
from api.schemas.parts import Id
from ingest.reindex import batches as rerun_batches

router = APIRouter(prefix="/v1/vector_stores/{vector_store_id}", tags=["Retries (extension)"], responses=errors.MISSING)


@router.post("/retry")
def retry(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, body: wire.Retry | None = Body(None)
) -> wire.VectorStoreRetry:
    """Have a store's failed files run again, as a new batch."""
    retried = rerun_batches.retry(services, caller, vector_store_id, (body or wire.Retry()).statuses)
    return wire.VectorStoreRetry.of(vector_store_id, retried)


@router.post("/file_batches/{batch_id}/retry")
def retry_batch(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    batch_id: Id,
    body: wire.Retry | None = Body(None),
) -> wire.VectorStoreRetry:
    """Have the failed files of a batch run again, as a new batch; this one keeps its counts."""
    statuses = (body or wire.Retry()).statuses
    retried = rerun_batches.retry(services, caller, vector_store_id, statuses, batch_id=batch_id)
    return wire.VectorStoreRetry.of(vector_store_id, retried)
