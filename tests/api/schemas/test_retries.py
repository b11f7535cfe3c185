"""Results of retries as JSON."""

import pytest
from pydantic import ValidationError

from api.schemas.retries import Retry, VectorStoreRetry
from ingest.reindex.rerun_batches import RetryResult


def test_a_retry_without_files_has_no_batch() -> None:
    retry = VectorStoreRetry.from_result("vs_1", RetryResult(batch=None, reasons=[], has_more=False))

    assert (retry.file_batch, retry.total, retry.reasons) == (None, 0, [])


def test_failed_files_are_retried_by_default() -> None:
    assert Retry().statuses == ["failed"]
    with pytest.raises(ValidationError):
        Retry.model_validate({"statuses": ["completed"]})
