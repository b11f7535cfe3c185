"""File batches. Their counters are in ingest/db/queue/counters.py, their files in members.py."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ingest.db.id_slices import slices
from ingest.db.models import FileBatch, VectorStore
from ingest.db.pages import Page, Window, page


def get_batch(session: Session, store_id: str, batch_id: str) -> FileBatch | None:
    """Return a batch of a store."""
    return session.scalar(select(FileBatch).where(FileBatch.id == batch_id, FileBatch.vector_store_id == store_id))


def list_page(session: Session, store_id: str, window: Window) -> Page[FileBatch]:
    """Return a page of a store's batches."""
    of_store = FileBatch.vector_store_id == store_id
    cursor = select(FileBatch.row).where(of_store, FileBatch.id == bindparam("id"))
    statement = select(FileBatch).where(of_store)
    return page(session, statement, FileBatch.row.expression, window, cursor, store_id, lambda row: row[0])


def get_batches(session: Session, numbers: Sequence[int]) -> Sequence[FileBatch]:
    """Return the batches with these row numbers whose stores were not deleted."""
    undeleted = select(VectorStore.id).where(~VectorStore.is_deleted)
    batches: list[FileBatch] = []
    for some in slices(numbers):
        batches += session.scalars(
            select(FileBatch).where(FileBatch.row.in_(some), FileBatch.vector_store_id.in_(undeleted))
        )
    return batches
