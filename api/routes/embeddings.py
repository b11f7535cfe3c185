"""/v1/models and /v1/embeddings: the embedding models of this service, for applications that embed texts themselves.

Calls `list_models`, `require_model` and `embed` of ingest/stores/embeddings.py.
"""

from fastapi import APIRouter

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import embeddings as wire
from ingest.stores import embeddings

router = APIRouter(prefix="/v1", tags=["Embeddings"], route_class=JsonRoute)


@router.get("/models")
def list_models(services: deps.ServicesDep) -> wire.ModelList:
    """List the embedding models."""
    return wire.ModelList(data=[wire.Model(id=name) for name in embeddings.list_models(services)])


@router.get("/models/{model:path}", responses=errors.NOT_FOUND)
def retrieve_model(services: deps.ServicesDep, model: str) -> wire.Model:
    """Retrieve an embedding model."""
    embeddings.require_model(services, model)
    return wire.Model(id=model)


@router.post("/embeddings", responses=errors.NOT_FOUND)
def create_embeddings(services: deps.ServicesDep, body: wire.CreateEmbeddings) -> wire.EmbeddingList:
    """Embed texts, as passages of documents."""
    made = embeddings.embed(services, body.model, body.inputs(), body.dimensions)
    return wire.EmbeddingList.from_embeddings(body.model, made, body.encoding_format)
