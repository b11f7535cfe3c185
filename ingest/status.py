"""Statuses of files, batches and vector stores: the stored values, and what the API shows for them.

This module is the only place that derives an API status from a row, its batch and its counters. Schemas and webhook
events only spell the result as JSON. ingest/db/queue/api_status.py has the rule for files in SQL, which must give the same answer.
State diagram: deploy/docs/concepts.md.
"""

from typing import Literal, Protocol, get_args

RowStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
FileStatus = Literal["in_progress", "completed", "failed", "cancelled"]
BatchStatus = Literal["in_progress", "completed", "failed", "cancelled"]
StoreStatus = Literal["expired", "in_progress", "completed"]
Lane = Literal["interactive", "bulk", "slow"]
ParseLane = Literal["fast", "slow"]

UNFINISHED: tuple[RowStatus, ...] = ("queued", "running")
FILE_STATUSES: tuple[FileStatus, ...] = get_args(FileStatus)
LANES: tuple[Lane, ...] = get_args(Lane)
"""The queues of files. Workers take single files first, then batches. Slow files have workers of their own."""
PARSE_LANES: tuple[ParseLane, ...] = get_args(ParseLane)
"""Files whose pages must be recognised from pictures are slow."""

DAY_SECONDS = 86_400


class FileCounters(Protocol):
    """The file counters of a store or a batch."""

    @property
    def in_progress(self) -> int: ...
    @property
    def completed(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def cancelled(self) -> int: ...


class BatchState(Protocol):
    """What the status of a batch depends on."""

    @property
    def in_progress(self) -> int: ...
    @property
    def cancelled_at(self) -> float | None: ...
    @property
    def expired(self) -> bool: ...


class StoreState(Protocol):
    """What the status and the expiry of a vector store depend on."""

    @property
    def in_progress(self) -> int: ...
    @property
    def expired_at(self) -> int | None: ...
    @property
    def last_active_at(self) -> int: ...
    @property
    def expires_after_days(self) -> int | None: ...


class FileState(Protocol):
    """What the status of a file in a store depends on, besides its batch."""

    @property
    def status(self) -> RowStatus: ...
    @property
    def has_fallback(self) -> bool:
        """Whether a previous version of the file stays searchable: the unfinished work is a re-index."""


def file_status(row: FileState, *, batch_is_cancelled: bool) -> FileStatus:
    """Return the API status of a file in a store.

    The unfinished files of a cancelled batch are `cancelled` at once, although the rows of a large batch are rewritten
    later (transition T8 in deploy/docs/reliability.md). Those of a cancelled re-index stay `completed`: the previous
    version of the file is still indexed.
    """
    if row.status == "queued" or row.status == "running":
        if not batch_is_cancelled:
            return "in_progress"
        return "completed" if row.has_fallback else "cancelled"
    return row.status


def batch_status(batch: BatchState) -> BatchStatus:
    """Return the API status of a batch.

    A batch leaves `in_progress` in the same commit as its last file (deploy/docs/api-contract.md section 0.1). It is
    `completed` even if every file in it failed, and `failed` only if its store expired before it ended (section 10).
    """
    if batch.expired:
        return "failed"
    if batch.cancelled_at is not None:
        return "cancelled"
    return "in_progress" if batch.in_progress > 0 else "completed"


def store_status(store: StoreState) -> StoreStatus:
    """Return the API status of a vector store.

    There is no `failed`: a store is `completed` even if every file in it failed (deploy/docs/api-contract.md section 4).
    """
    if store.expired_at is not None:
        return "expired"
    return "in_progress" if store.in_progress > 0 else "completed"


def store_expires_at(store: StoreState) -> int | None:
    """Return when an unused store expires, in seconds since 1970, or None if it never does."""
    if store.expires_after_days is None:
        return None
    return store.last_active_at + store.expires_after_days * DAY_SECONDS


def file_counts(counters: FileCounters) -> dict[str, int]:
    """Return the files of a store or a batch by API status, and their `total`."""
    counts: dict[str, int] = {status: getattr(counters, status) for status in FILE_STATUSES}
    return counts | {"total": sum(counts.values())}
