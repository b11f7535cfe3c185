"""/v1/vector_stores/{id}/reindex, an extension of OpenAI's API: re-indexing, and migration to another embedding model.

Calls `reindex` and `roll_back` of ingest/reindex/rerun_batches.py, and `get_migration_status` and `purge_previous_model` of
ingest/reindex/migration.py.
"""

from fastapi import APIRouter, Body, Response

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.routes.file_batches import set_poll_hint, to_answer
from api.schemas import reindexing as wire
from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import Id
from ingest.reindex import migration, rerun_batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}",
    tags=["Re-indexing (extension)"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)


@router.post("/reindex")
def reindex(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    response: Response,
    body: wire.Reindex | None = Body(None),
) -> VectorStoreFileBatch:
    """Re-index the files of a store as a batch. Searches use the old index of a file until the new one is complete."""
    options = body or wire.Reindex()
    batch = rerun_batches.reindex(
        services, caller, vector_store_id, options.only, options.chunk_sizes(), options.model_target()
    )
    return set_poll_hint(to_answer(services, batch), response)


@router.get("/reindex")
def retrieve_models(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id) -> wire.VectorStoreModels:
    """Retrieve the embedding models of a store, and the progress of a migration between them."""
    return wire.VectorStoreModels.from_status(
        vector_store_id, migration.get_migration_status(services, caller, vector_store_id)
    )


@router.post("/reindex/rollback")
def roll_back(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    response: Response,
    body: wire.Rollback | None = Body(None),
) -> VectorStoreFileBatch:
    """Roll a store back to its previous embedding model.

    The rollback is immediate if all files still have points of that model. The batch holds the files that have none.
    """
    batch = rerun_batches.roll_back(services, caller, vector_store_id, rolling=(body or wire.Rollback()).now)
    return set_poll_hint(to_answer(services, batch), response)


@router.post("/reindex/purge")
def purge(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id) -> wire.VectorStoreModels:
    """Delete the points of the other embedding model of a store: a rollback is impossible afterwards.

    The other model is the previous one, or the one that a failed gate keeps the store from.
    """
    return wire.VectorStoreModels.from_status(
        vector_store_id, migration.purge_previous_model(services, caller, vector_store_id)
    )
