"""/v1/vector_stores"""

from typing import Any

from fastapi import APIRouter, Body

from api import deps, errors
from api.schemas import search as search_wire
from api.schemas import vector_stores as wire
from api.schemas.parts import Deleted, Id, ListPage, chunking
from ingest.db.queue.membership import Member
from ingest.steps import filters
from ingest.stores import members as store_files
from ingest.stores import search as searching
from ingest.stores import vector_stores

router = APIRouter(prefix="/v1/vector_stores", tags=["Vector stores"])


@router.post("", responses=errors.MISSING)
def create(
    services: deps.GivenTools, caller: deps.GivenCaller, body: wire.CreateVectorStore | None = Body(None)
) -> wire.VectorStore:
    """Create a vector store, perhaps with files in it."""
    body = body or wire.CreateVectorStore()
    members = _members(body)
    store_files.require_files(services, caller, [member.file_id for member in members])
    store = vector_stores.create(
        services,
        caller,
        name=body.name or "",
        description=body.description,
        metadata=body.metadata or {},
        expires_after_days=body.expires_after.days if body.expires_after else None,
    )
    if members:
        store_files.attach_members(services, caller, store.id, members, None)
        store = vector_stores.retrieve(services, caller, store.id)
    return wire.VectorStore.of(store)


@router.get("")
def list_vector_stores(
    services: deps.GivenTools, caller: deps.GivenCaller, window: deps.GivenWindow
) -> ListPage[wire.VectorStore]:
    """List the vector stores."""
    page = vector_stores.list_page(services, caller, window)
    return deps.list_page(page, [wire.VectorStore.of(row) for row in page.items])


@router.get("/{vector_store_id}", responses=errors.MISSING)
def retrieve(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> wire.VectorStore:
    """One vector store."""
    return wire.VectorStore.of(vector_stores.retrieve(services, caller, vector_store_id))


@router.post("/{vector_store_id}", responses=errors.MISSING)
def update(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    body: wire.UpdateVectorStore | None = Body(None),
) -> wire.VectorStore:
    """Change a vector store's name, metadata or expiry."""
    body = body or wire.UpdateVectorStore()
    changes: dict[str, Any] = {}
    if "name" in body.model_fields_set:
        changes["name"] = body.name or ""
    if "metadata" in body.model_fields_set:
        changes["metadata"] = body.metadata or {}
    if "expires_after" in body.model_fields_set:
        changes["expires_after_days"] = body.expires_after.days if body.expires_after else None
    return wire.VectorStore.of(vector_stores.update(services, caller, vector_store_id, changes))


@router.delete("/{vector_store_id}", responses=errors.MISSING)
def delete(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id) -> Deleted:
    """Delete a vector store; its files stay."""
    vector_stores.delete(services, caller, vector_store_id)
    return Deleted(id=vector_store_id, object="vector_store.deleted")


@router.post("/{vector_store_id}/search", responses=errors.MISSING)
def search(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, body: search_wire.Search
) -> search_wire.SearchPage:
    """Find passages by meaning and words."""
    options = body.ranking_options or search_wire.RankingOptions()
    queries = [body.query] if isinstance(body.query, str) else body.query
    if body.rewrite_query:
        queries = searching.rewrite_queries(services, caller, vector_store_id, queries)
    found = searching.search(
        services,
        caller,
        vector_store_id,
        queries,
        limit=body.max_num_results,
        filters=filters.parse(body.filters) if body.filters is not None else None,
        weights=options.hybrid_search.weights() if options.hybrid_search else searching.FusionWeights(),
        score_threshold=options.score_threshold,
    )
    return search_wire.SearchPage(
        search_query=queries, data=[search_wire.SearchResult.of(passage) for passage in found]
    )


def _members(body: wire.CreateVectorStore) -> list[Member]:
    sizes = chunking(body.chunking_strategy)
    ids = dict.fromkeys(body.file_ids or [])
    return [Member(file_id, None, sizes.max_tokens, sizes.overlap_tokens) for file_id in ids]
