"""Vector stores (contract section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update as sql_update

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
    """Chunks of at most `tokens`, each repeating the last `overlap` of the one before (contract section 5)."""

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
    """An empty store."""
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
    """Raises NotFound."""
    with services.database.reading() as session:
        return require_store(rows.get(session, caller.project, store_id), store_id)


def list_page(services: Services, caller: Caller, window: Window) -> Page[VectorStore]:
    """A page of the project's stores."""
    with services.database.reading() as session:
        return rows.listed(session, caller.project, window)


def update(services: Services, caller: Caller, store_id: str, changes: Mapping[str, Any]) -> VectorStore:
    """Replace what `changes` names: name, metadata, expires_after_days. Raises NotFound.

    An expired store can be changed too, but not brought back.
    """
    columns: dict[str, Any] = {"meta" if name == "metadata" else name: value for name, value in changes.items()}
    with services.database.transaction() as session:
        store = require_store(rows.get(session, caller.project, store_id), store_id)
        if store.expired_at is None:
            columns["last_active_at"] = int(read_clock(session))
        else:
            rows.expire(session, store_id)  # before a new expiry can make it look alive
        if columns:
            session.execute(sql_update(VectorStore).where(VectorStore.row == store.row).values(columns))
        session.refresh(store)
    return store


def delete(services: Services, caller: Caller, store_id: str) -> None:
    """Forget a store and what it found; the files stay. Raises NotFound."""
    with services.database.transaction() as session:
        if not rows.delete(session, caller.project, store_id):
            require_store(None, store_id)


def require_store(store: VectorStore | None, store_id: str) -> VectorStore:
    """The store, or NotFound in the API's words."""
    if store is None:
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id")
    return store


def require_active_store(store: VectorStore | None, store_id: str) -> VectorStore:
    """The store, unless it does not exist or has expired (contract section 10)."""
    store = require_store(store, store_id)
    if store.expired_at is not None:
        raise InvalidRequest(f"Vector store '{store_id}' has expired", param="vector_store_id")
    return store
