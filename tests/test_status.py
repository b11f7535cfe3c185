"""API statuses of files, batches and stores, derived from rows."""

import pytest

from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.status import (
    BatchStatus,
    FileStatus,
    RowStatus,
    StoreStatus,
    batch_status,
    file_counts,
    file_status,
    store_expires_at,
    store_status,
)

DAY = 86_400


@pytest.mark.parametrize(
    ("row_status", "batch_is_cancelled", "pending_chunk_tokens", "expected"),
    [
        ("queued", False, None, "in_progress"),
        ("running", False, None, "in_progress"),
        ("running", False, 800, "in_progress"),
        ("queued", True, None, "cancelled"),
        ("running", True, None, "cancelled"),
        ("queued", True, 800, "completed"),  # a cancelled re-index: the previous version is still indexed
        ("running", True, 800, "completed"),
        ("completed", True, None, "completed"),
        ("failed", True, None, "failed"),
        ("cancelled", False, None, "cancelled"),
    ],
)
def test_a_file_status_depends_on_its_row_and_its_batch(
    row_status: RowStatus, batch_is_cancelled: bool, pending_chunk_tokens: int | None, expected: FileStatus
) -> None:
    row = StoreFile(status=row_status, pending_chunk_tokens=pending_chunk_tokens)

    assert file_status(row, batch_is_cancelled=batch_is_cancelled) == expected


@pytest.mark.parametrize(
    ("in_progress", "cancelled_at", "expired", "expected"),
    [
        (1, None, False, "in_progress"),
        (0, None, False, "completed"),
        (0, 5.0, False, "cancelled"),
        (0, 5.0, True, "failed"),
    ],
)
def test_a_batch_status_depends_on_its_counters_its_cancel_and_the_expiry_of_its_store(
    in_progress: int, cancelled_at: float | None, expired: bool, expected: BatchStatus
) -> None:
    assert batch_status(FileBatch(in_progress=in_progress, cancelled_at=cancelled_at, expired=expired)) == expected


@pytest.mark.parametrize(
    ("in_progress", "expired_at", "expected"),
    [(1, None, "in_progress"), (0, None, "completed"), (0, 5, "expired"), (1, 5, "expired")],
)
def test_a_store_status_depends_on_its_counters_and_its_expiry(
    in_progress: int, expired_at: int | None, expected: StoreStatus
) -> None:
    assert store_status(VectorStore(in_progress=in_progress, expired_at=expired_at)) == expected


@pytest.mark.parametrize(("days", "expected"), [(None, None), (2, 1_000 + 2 * DAY)])
def test_a_store_expires_some_days_after_its_last_use(days: int | None, expected: int | None) -> None:
    assert store_expires_at(VectorStore(last_active_at=1_000, expires_after_days=days)) == expected


def test_file_counts_have_a_total() -> None:
    counted = file_counts(FileBatch(in_progress=1, completed=2, failed=3, cancelled=4))

    assert counted == {"in_progress": 1, "completed": 2, "failed": 3, "cancelled": 4, "total": 10}
