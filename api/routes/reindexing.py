"""/v1/vector_stores/{id}/reindex, which is an extension of ours"""

from fastapi import APIRouter, Body, Response

from api import deps, errors
from api.routes.file_batches import hinted
from api.schemas import reindexing as wire
from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import Id
from ingest import file_batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}", tags=["Re-indexing (extension)"], responses=errors.MISSING
)


@router.post("/reindex")
def reindex(
    tools: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    response: Response,
    body: wire.Reindex | None = Body(None),
) -> VectorStoreFileBatch:
    """Index a store's files anew, as a batch; each is found as it was until it is ready."""
    wish = body or wire.Reindex()
    batch = file_batches.reindex(tools, caller, vector_store_id, wish.only, wish.chunking())
    return hinted(VectorStoreFileBatch.of(batch), response)
