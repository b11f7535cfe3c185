"""The words for where a file stands, inside and as the API shows them (state diagram: README)."""

from typing import Literal, get_args

RowStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
FileStatus = Literal["in_progress", "completed", "failed", "cancelled"]
BatchStatus = Literal["in_progress", "completed", "failed", "cancelled"]
StoreStatus = Literal["expired", "in_progress", "completed"]
Lane = Literal["interactive", "bulk"]

UNFINISHED: tuple[RowStatus, ...] = ("queued", "running")
FILE_STATUSES: tuple[FileStatus, ...] = get_args(FileStatus)


def of_file(row: RowStatus, *, batch_cancelled: bool, falls_back: bool = False) -> FileStatus:
    """What the API shows for a file in a store.

    The rows of a cancelled batch count as cancelled from the moment of the cancel, although a large
    batch's rows are rewritten some time after it (transition T8). Those that were being re-indexed fall back to what
    they had.
    """
    if row == "queued" or row == "running":
        if not batch_cancelled:
            return "in_progress"
        return "completed" if falls_back else "cancelled"
    return row


def of_batch(in_progress: int, *, cancelled: bool, expired: bool) -> BatchStatus:
    """A batch leaves `in_progress` in the same commit as its last file (contract section 0.1).

    It is completed even if every file in it failed; `failed` is one that its store's expiry cut short (section 10).
    """
    if expired:
        return "failed"
    if cancelled:
        return "cancelled"
    return "in_progress" if in_progress > 0 else "completed"


def of_store(in_progress: int, *, expired: bool) -> StoreStatus:
    """A store has no `failed`: it is completed even if every file in it failed (contract section 4)."""
    if expired:
        return "expired"
    return "in_progress" if in_progress > 0 else "completed"
