"""/v1/vector_stores/{id}/reindex, which is an extension of ours"""

from fastapi import APIRouter, Body, Response

from api import deps, errors
from api.routes.file_batches import hinted
from api.schemas import reindexing as wire
from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import Id
from ingest import file_batches, reindexing

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
    batch = file_batches.reindex(tools, caller, vector_store_id, wish.only, wish.chunking(), wish.into())
    return hinted(VectorStoreFileBatch.of(batch), response)


@router.get("/reindex")
def retrieve_models(tools: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> wire.VectorStoreModels:
    """The embedding models of a store, and how far it is on its way from one to the other."""
    return wire.VectorStoreModels.of(vector_store_id, reindexing.models(tools, caller, vector_store_id))


@router.post("/reindex/rollback")
def roll_back(
    tools: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    response: Response,
    body: wire.Rollback | None = Body(None),
) -> VectorStoreFileBatch:
    """Have a store go back to the embedding model that it had before, at once if all files still have its points; the
    batch is of those that have none."""
    batch = file_batches.go_back(tools, caller, vector_store_id, at_once=(body or wire.Rollback()).now)
    return hinted(VectorStoreFileBatch.of(batch), response)


@router.post("/reindex/purge")
def purge(tools: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> wire.VectorStoreModels:
    """Delete what is kept of the embedding model that a store had before; then it cannot go back."""
    return wire.VectorStoreModels.of(vector_store_id, reindexing.forget_old(tools, caller, vector_store_id))
