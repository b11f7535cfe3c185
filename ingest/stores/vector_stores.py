"""Vector stores (deploy/docs/api-contract.md section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest import ids
from ingest.caller import Caller
from ingest.db.content import stores as rows
from ingest.db.models import VectorStore
from ingest.db.pages import Page, Window
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest, NotFound
from ingest.services import Services


@dataclass(frozen=True)
class ChunkSizes:
    """Chunks of at most `max_tokens`, each of which repeats the last `overlap_tokens` of the one before.

    Limits: deploy/docs/api-contract.md section 5.
    """

    max_tokens: int = 800
    overlap_tokens: int = 400


AUTO_CHUNK_SIZES = ChunkSizes()


def create(
    services: Services,
    caller: Caller,
    *,
    name: str,
    description: str | None,
    metadata: Mapping[str, str],
    expires_after_days: int | None,
) -> VectorStore:
    """Create an empty store."""
    with services.database.transaction() as session:
        created_at = int(read_clock(session))
        store = VectorStore(
            id=ids.new("vs_"),
            project=caller.project,
            name=name,
            description=description,
            model=services.settings.default_model,
            meta=dict(metadata),
            created_at=created_at,
            last_active_at=created_at,
            expires_after_days=expires_after_days,
        )
        session.add(store)
    return store


def retrieve(services: Services, caller: Caller, store_id: str) -> VectorStore:
    """Return a store. Raises NotFound."""
    with services.database.reading() as session:
        return require_store(rows.get(session, caller.project, store_id), store_id)


def list_page(services: Services, caller: Caller, window: Window) -> Page[VectorStore]:
    """Return a page of the project's stores."""
    with services.database.reading() as session:
        return rows.list_page(session, caller.project, window)


def update(services: Services, caller: Caller, store_id: str, changes: Mapping[str, Any]) -> VectorStore:
    """Change any of name, metadata and expires_after_days. Raises NotFound.

    An expired store can be changed too, but stays expired.
    """
    columns: dict[str, Any] = {"meta" if name == "metadata" else name: value for name, value in changes.items()}
    with services.database.transaction() as session:
        store = require_store(rows.get(session, caller.project, store_id), store_id)
        if store.expired_at is None:
            columns["last_active_at"] = int(read_clock(session))
        else:
            rows.expire(session, store_id)  # a store that is only due would become active again by a later expiry
        rows.update_columns(session, store, columns)
    return store


def delete(services: Services, caller: Caller, store_id: str) -> None:
    """Delete a store and its points; the uploaded files stay. Raises NotFound."""
    with services.database.transaction() as session:
        if not rows.delete(session, caller.project, store_id):
            require_store(None, store_id)


def require_store(store: VectorStore | None, store_id: str) -> VectorStore:
    """Return the store. Raises NotFound if it is None."""
    if store is None:
        raise store_not_found(store_id)
    return store


def require_active_store(store: VectorStore | None, store_id: str) -> VectorStore:
    """Return the store. Raises NotFound, and InvalidRequest if it has expired (deploy/docs/api-contract.md section 10)."""
    store = require_store(store, store_id)
    if store.expired_at is not None:
        raise InvalidRequest(f"Vector store '{store_id}' has expired", param="vector_store_id")
    return store


def store_not_found(store_id: str) -> NotFound:
    """Return the error for a store that does not exist, or was deleted during the request."""
    return NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id")
