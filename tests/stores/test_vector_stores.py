"""Vector stores: creation, changes and expiry."""

import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.models import VectorStore
from ingest.errors import InvalidRequest, NotFound
from ingest.stores import vector_stores
from ingest.stores.vector_stores import require_active_store, require_store
from tests.conftest import Clock
from tests.db.rows import WINDOW
from tests.fakes import CALLER, FakeServices

DAY = 86_400


def create(services: FakeServices, *, expires_after_days: int | None = None) -> VectorStore:
    return vector_stores.create(
        services, CALLER, name="s", description=None, metadata={"a": "b"}, expires_after_days=expires_after_days
    )


def test_a_new_store_has_the_default_model_and_no_files(services: FakeServices) -> None:
    created = create(services)

    store = vector_stores.retrieve(services, CALLER, created.id)

    assert (store.name, store.meta, store.model) == ("s", {"a": "b"}, LOCAL_MODEL)
    assert (store.in_progress, store.completed, store.usage_bytes) == (0, 0, 0)


def test_an_update_changes_only_the_given_fields_and_counts_as_activity(services: FakeServices, clock: Clock) -> None:
    created = create(services)
    clock.advance(5)

    vector_stores.update(services, CALLER, created.id, {"name": "t"})

    store = vector_stores.retrieve(services, CALLER, created.id)
    assert (store.name, store.meta) == ("t", {"a": "b"})
    assert store.last_active_at == created.last_active_at + 5


def test_an_expired_store_can_be_changed_and_stays_expired(services: FakeServices, clock: Clock) -> None:
    created = create(services, expires_after_days=1)
    clock.advance(DAY)

    vector_stores.update(services, CALLER, created.id, {"name": "t", "expires_after_days": 30})

    store = vector_stores.retrieve(services, CALLER, created.id)
    assert store.name == "t"
    assert store.expired_at is not None
    with pytest.raises(InvalidRequest, match="has expired"):
        require_active_store(store, store.id)


def test_a_deleted_store_is_neither_retrieved_nor_listed(services: FakeServices) -> None:
    created, other = create(services), create(services)

    vector_stores.delete(services, CALLER, created.id)

    with pytest.raises(NotFound):
        vector_stores.retrieve(services, CALLER, created.id)
    with pytest.raises(NotFound):
        vector_stores.delete(services, CALLER, created.id)
    assert [store.id for store in vector_stores.list_page(services, CALLER, WINDOW).items] == [other.id]


def test_a_store_is_required_to_exist() -> None:
    with pytest.raises(NotFound, match="No vector store found with id 'vs_none'"):
        require_store(None, "vs_none")
    with pytest.raises(NotFound):
        require_active_store(None, "vs_none")
