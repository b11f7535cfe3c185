"""Vector stores as JSON."""

from api.schemas.vector_stores import VectorStore
from ingest.db.models import VectorStore as Row


def row(**changes: object) -> Row:
    """A store with one completed file."""
    fields = {
        "id": "vs_1", "created_at": 1, "name": "zoo", "description": None, "usage_bytes": 7, "in_progress": 0,
        "completed": 1, "failed": 0, "cancelled": 0, "expired_at": None, "expires_after_days": None,
        "last_active_at": 2, "meta": {"a": "b"}, "chunks": 3,
    }  # fmt: skip
    return Row(**fields | changes)


def test_a_store_without_expiry_has_no_expiry_fields() -> None:
    store = VectorStore.from_row(row())

    assert (store.status, store.expires_after, store.expires_at) == ("completed", None, None)
    assert (store.usage_bytes, store.bytes, store.metadata) == (7, 7, {"a": "b"})


def test_the_expiry_counts_from_the_last_use() -> None:
    store = VectorStore.from_row(row(expires_after_days=2, in_progress=1))

    assert store.expires_after is not None
    assert store.expires_after.model_dump() == {"anchor": "last_active_at", "days": 2}
    assert (store.status, store.expires_at) == ("in_progress", 2 + 2 * 86_400)
