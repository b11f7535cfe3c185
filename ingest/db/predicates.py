"""Conditions on rows that several modules share and that need more than one table.

Conditions on one row are hybrid properties of its model, for example `VectorStore.is_active` and `StoreFile.has_fallback`.
"""

from sqlalchemy import ColumnElement, and_, exists, or_

from ingest.db.models import FileBatch, StoreFile, VectorStore


def is_not_abandoned() -> ColumnElement[bool]:
    """Require that a file's batch was not cancelled and that its store is active: its work is not abandoned."""
    is_cancelled = exists().where(FileBatch.row == StoreFile.batch, FileBatch.cancelled_at.is_not(None))
    has_active_store = exists().where(VectorStore.id == StoreFile.vector_store_id, VectorStore.is_active)
    return and_(
        or_(StoreFile.batch.is_(None), ~is_cancelled.correlate(StoreFile)), has_active_store.correlate(StoreFile)
    )
