"""/v1/vector_stores/{id}/reindex, which is an extension of ours"""

from fastapi import APIRouter, Body, Response

from api import deps, errors
from api.routes.file_batches import hinted
from api.schemas import reindexing as wire
from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import Id
from ingest.reindex import batches as rerun_batches
from ingest.reindex import reindexing

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}", tags=["Re-indexing (extension)"], responses=errors.MISSING
)


@router.post("/reindex")
def reindex(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    response: Response,
    body: wire.Reindex | None = Body(None),
) -> VectorStoreFileBatch:
    """Index a store's files anew, as a batch; each is found as it was until it is ready."""
    wish = body or wire.Reindex()
    batch = rerun_batches.reindex(services, caller, vector_store_id, wish.only, wish.chunking(), wish.into())
    return hinted(VectorStoreFileBatch.of(batch), response)


@router.get("/reindex")
def retrieve_models(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> wire.VectorStoreModels:
    """The embedding models of a store, and how far it is on its way from one to the other."""
    return wire.VectorStoreModels.of(vector_store_id, reindexing.models(services, caller, vector_store_id))


@router.post("/reindex/rollback")
def roll_back(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    response: Response,
    body: wire.Rollback | None = Body(None),
) -> VectorStoreFileBatch:
    """Have a store go back to the embedding model that it had before, at once if all files still have its points; the
    batch is of those that have none."""
    batch = rerun_batches.go_back(services, caller, vector_store_id, at_once=(body or wire.Rollback()).now)
    return hinted(VectorStoreFileBatch.of(batch), response)


@router.post("/reindex/purge")
def purge(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> wire.VectorStoreModels:
    """Delete what is kept of the embedding model that a store had before; then it cannot go back."""
    return wire.VectorStoreModels.of(vector_store_id, reindexing.forget_old(services, caller, vector_store_id))
