"""Vector stores (contract section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update as sql_update

from ingest import ids
from ingest.callers import Caller
from ingest.db import stores as rows
from ingest.db.models import VectorStore
from ingest.db.pages import Page, Window
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest, NotFound
from ingest.tools import Tools


@dataclass(frozen=True)
class Chunking:
    """Chunks of at most `tokens`, each repeating the last `overlap` of the one before (contract section 5)."""

    tokens: int = 800
    overlap: int = 400


AUTO = Chunking()


def create(
    tools: Tools,
    caller: Caller,
    *,
    name: str,
    description: str | None,
    metadata: Mapping[str, str],
    expires_after_days: int | None,
) -> VectorStore:
    """An empty store."""
    with tools.database.transaction() as session:
        created_at = int(read_clock(session))
        store = VectorStore(
            id=ids.new("vs_"),
            project=caller.project,
            name=name,
            description=description,
            model=tools.settings.default_model,
            meta=dict(metadata),
            created_at=created_at,
            last_active_at=created_at,
            expires_after_days=expires_after_days,
        )
        session.add(store)
    return store


def retrieve(tools: Tools, caller: Caller, store_id: str) -> VectorStore:
    """Raises NotFound."""
    with tools.database.reading() as session:
        return found(rows.get(session, caller.project, store_id), store_id)


def listed(tools: Tools, caller: Caller, window: Window) -> Page[VectorStore]:
    """A page of the project's stores."""
    with tools.database.reading() as session:
        return rows.listed(session, caller.project, window)


def update(tools: Tools, caller: Caller, store_id: str, changes: Mapping[str, Any]) -> VectorStore:
    """Replace what `changes` names: name, metadata, expires_after_days. Raises NotFound.

    An expired store can be changed too, but not brought back.
    """
    columns: dict[str, Any] = {"meta" if name == "metadata" else name: value for name, value in changes.items()}
    with tools.database.transaction() as session:
        store = found(rows.get(session, caller.project, store_id), store_id)
        if store.expired_at is None:
            columns["last_active_at"] = int(read_clock(session))
        else:
            rows.expire(session, store_id)  # before a new expiry can make it look alive
        if columns:
            session.execute(sql_update(VectorStore).where(VectorStore.row == store.row).values(columns))
        session.refresh(store)
    return store


def delete(tools: Tools, caller: Caller, store_id: str) -> None:
    """Forget a store and what it found; the files stay. Raises NotFound."""
    with tools.database.transaction() as session:
        if not rows.delete(session, caller.project, store_id):
            found(None, store_id)


def found(store: VectorStore | None, store_id: str) -> VectorStore:
    """The store, or NotFound in the API's words."""
    if store is None:
        raise NotFound(f"No vector store found with id '{store_id}'.", param="vector_store_id")
    return store


def usable(store: VectorStore | None, store_id: str) -> VectorStore:
    """The store, unless it does not exist or has expired (contract section 10)."""
    store = found(store, store_id)
    if store.expired_at is not None:
        raise InvalidRequest(f"Vector store '{store_id}' has expired", param="vector_store_id")
    return store
