"""File batches. Their counters are in ingest/db/queue/counters.py, their files in members.py."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.db.id_slices import slices
from ingest.db.models import FileBatch, VectorStore


def get_batch(session: Session, store_id: str, batch_id: str) -> FileBatch | None:
    """Return a batch of a store."""
    return session.scalar(select(FileBatch).where(FileBatch.id == batch_id, FileBatch.vector_store_id == store_id))


def get_batches(session: Session, numbers: Sequence[int]) -> Sequence[FileBatch]:
    """Return the batches with these row numbers whose stores were not deleted."""
    undeleted = select(VectorStore.id).where(~VectorStore.is_deleted)
    batches: list[FileBatch] = []
    for some in slices(numbers):
        batches += session.scalars(
            select(FileBatch).where(FileBatch.row.in_(some), FileBatch.vector_store_id.in_(undeleted))
        )
    return batches
