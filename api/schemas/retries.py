"""Requests and responses of retries, an extension of OpenAI's API (deploy/docs/api/reindexing.md)."""

from typing import Literal

from pydantic import Field

from api.schemas.file_batches import VectorStoreFileBatch
from api.schemas.parts import RequestModel, ResponseModel
from ingest.db.queue.requeue import RetryableStatus
from ingest.reindex.rerun_batches import RetryResult


class Retry(RequestModel):
    """Which files to retry."""

    statuses: list[RetryableStatus] = Field(default=["failed"], min_length=1, max_length=2)


class RetryReason(ResponseModel):
    """A reason why files had failed or were cancelled, and the number of these files."""

    code: str
    message: str
    count: int


class VectorStoreRetry(ResponseModel):
    """The new batch with the retried files; null if no file matched."""

    object: Literal["vector_store.retry"] = "vector_store.retry"
    vector_store_id: str
    file_batch: VectorStoreFileBatch | None
    total: int
    has_more: bool
    """True if more files match than a batch may hold; retry again when this batch has ended."""
    reasons: list[RetryReason]
    """The most frequent first, at most 100."""

    @classmethod
    def from_result(cls, vector_store_id: str, result: RetryResult) -> "VectorStoreRetry":
        batch = None if result.batch is None else VectorStoreFileBatch.from_row(result.batch)
        return cls(
            vector_store_id=vector_store_id,
            file_batch=batch,
            total=0 if batch is None else batch.file_counts.total,
            has_more=result.has_more,
            reasons=[
                RetryReason(code=reason.code, message=reason.message, count=reason.files) for reason in result.reasons
            ],
        )
