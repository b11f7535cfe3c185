"""Indexing a store's files anew, while they are found as they were (deploy/decisions/0009)."""

from sqlalchemy.orm import Session

from ingest import ids, pipeline
from ingest.db import restarts
from ingest.db.models import FileBatch
from ingest.db.restarts import Only
from ingest.db.session import read_clock
from ingest.tools import Tools
from ingest.vector_stores import Chunking


def begin(session: Session, tools: Tools, store_id: str, only: Only, chunking: Chunking | None) -> FileBatch:
    """Queue files of a store, at most `max_batch_files` of them, as a batch; perhaps an empty one.

    `chunking` None leaves each file its own. Raises Abandoned when the store has been deleted or has expired.
    """
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store_id, created_at=int(read_clock(session)))
    if chunking is not None:
        batch.chunk_tokens, batch.chunk_overlap = chunking.tokens, chunking.overlap
    most = tools.settings.max_batch_files
    restarts.reindex(session, batch, only, made_with=pipeline.made_with(tools), limit=most)
    return batch
