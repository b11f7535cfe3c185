"""Retries: an extension, OpenAI's API has none (deploy/openai-compatibility.md)."""

from typing import Literal

from pydantic import Field

from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import Body, Wire
from ingest.db.queue.requeue import Retryable
from ingest.reindex.batches import Retried


class Retry(Body):
    """Which files shall run again."""

    statuses: list[Retryable] = Field(default=["failed"], min_length=1, max_length=2)


class Reason(Wire):
    """Why so many files had not completed."""

    code: str
    message: str
    count: int


class VectorStoreRetry(Wire):
    """The batch in which the files run again, or null when there were none."""

    object: Literal["vector_store.retry"] = "vector_store.retry"
    vector_store_id: str
    file_batch: VectorStoreFileBatch | None
    total: int
    has_more: bool
    """That a batch takes no more at once; when it has ended, ask again."""
    reasons: list[Reason]
    """The most frequent first, at most a hundred."""

    @classmethod
    def of(cls, vector_store_id: str, retried: Retried) -> "VectorStoreRetry":
        batch = None if retried.batch is None else VectorStoreFileBatch.of(retried.batch)
        return cls(
            vector_store_id=vector_store_id,
            file_batch=batch,
            total=0 if batch is None else batch.file_counts.total,
            has_more=retried.has_more,
            reasons=[Reason(code=why.code, message=why.message, count=why.files) for why in retried.reasons],
        )
