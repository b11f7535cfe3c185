"""/v1/vector_stores: vector stores and their search.

Calls `create`, `list_page`, `retrieve`, `update` and `delete` of ingest/stores/vector_stores.py, `require_files` and
`attach_members` of ingest/stores/members.py, and `search_store` and `rewrite_queries` of ingest/search/search.py.
"""

from typing import Any

from fastapi import APIRouter, Body

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import search as search_wire
from api.schemas import vector_stores as wire
from api.schemas.parts import Deleted, Id, ListPage, to_chunk_sizes
from ingest.db.queue.membership import Member
from ingest.search import search as searching
from ingest.stores import members as store_members
from ingest.stores import vector_stores

router = APIRouter(prefix="/v1/vector_stores", tags=["Vector stores"], route_class=JsonRoute)


@router.post("", responses=errors.NOT_FOUND)
def create(
    services: deps.ServicesDep, caller: deps.CallerDep, body: wire.CreateVectorStore | None = Body(None)
) -> wire.VectorStore:
    """Create a vector store, optionally with files."""
    body = body or wire.CreateVectorStore()
    members = _members(body)
    store_members.require_files(services, caller, [member.file_id for member in members])
    store = vector_stores.create(
        services,
        caller,
        name=body.name or "",
        description=body.description,
        metadata=body.metadata or {},
        expires_after_days=body.expires_after.days if body.expires_after else None,
    )
    if members:
        store_members.attach_members(services, caller, store.id, members, None)
        store = vector_stores.retrieve(services, caller, store.id)
    return wire.VectorStore.from_row(store)


@router.get("")
def list_vector_stores(
    services: deps.ServicesDep, caller: deps.CallerDep, window: deps.WindowDep
) -> ListPage[wire.VectorStore]:
    """List the vector stores."""
    page = vector_stores.list_page(services, caller, window)
    return deps.to_list_page(page, [wire.VectorStore.from_row(row) for row in page.items])


@router.get("/{vector_store_id}", responses=errors.NOT_FOUND)
def retrieve(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id) -> wire.VectorStore:
    """Retrieve a vector store."""
    return wire.VectorStore.from_row(vector_stores.retrieve(services, caller, vector_store_id))


@router.post("/{vector_store_id}", responses=errors.NOT_FOUND)
def update(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    body: wire.UpdateVectorStore | None = Body(None),
) -> wire.VectorStore:
    """Change the name, the metadata or the expiry of a vector store."""
    body = body or wire.UpdateVectorStore()
    changes: dict[str, Any] = {}
    if "name" in body.model_fields_set:
        changes["name"] = body.name or ""
    if "metadata" in body.model_fields_set:
        changes["metadata"] = body.metadata or {}
    if "expires_after" in body.model_fields_set:
        changes["expires_after_days"] = body.expires_after.days if body.expires_after else None
    return wire.VectorStore.from_row(vector_stores.update(services, caller, vector_store_id, changes))


@router.delete("/{vector_store_id}", responses=errors.NOT_FOUND)
def delete(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id) -> Deleted:
    """Delete a vector store. The uploaded files stay."""
    vector_stores.delete(services, caller, vector_store_id)
    return Deleted(id=vector_store_id, object="vector_store.deleted")


@router.post("/{vector_store_id}/search", responses=errors.NOT_FOUND)
def search(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: search_wire.Search
) -> search_wire.SearchPage:
    """Search passages by dense and lexical similarity."""
    queries = body.queries
    options = body.options()
    if body.rewrite_query:
        queries = searching.rewrite_queries(services, caller, vector_store_id, queries)
    answer = searching.search_store(services, caller, vector_store_id, queries, options)
    return search_wire.SearchPage.from_answer(queries, answer)


def _members(body: wire.CreateVectorStore) -> list[Member]:
    sizes = to_chunk_sizes(body.chunking_strategy)
    ids = dict.fromkeys(body.file_ids or [])
    return [Member(file_id, None, sizes.max_tokens, sizes.overlap_tokens) for file_id in ids]
