"""The progress of an import: its numbers, and the protocol of whatever reports them."""

import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, Protocol

from ingest.imports.scan import ScanCounts
from ingest.imports.transfer import Transfer
from ingest.imports.waits import ImportWait

RATE_SECONDS = 30.0
"""The window over which files per second are measured."""


class ByteCounter:
    """Counts uploaded bytes. Call it from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.bytes = 0

    def __call__(self, size: int) -> None:
        with self._lock:
            self.bytes += size


class RateEstimator:
    """Measures files per second over the last 30 seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        """(time, ended files)."""

    def add_sample(self, ended_files: int) -> float:
        """Add a sample, and return files per second."""
        now = time.monotonic()
        self._samples.append((now, ended_files))
        while now - self._samples[0][0] > RATE_SECONDS and len(self._samples) > 2:
            self._samples.popleft()
        seconds = now - self._samples[0][0]
        return (ended_files - self._samples[0][1]) / seconds if seconds > 0 else 0.0


class ProgressReporter(Protocol):
    """Receives the progress of an import. It is a context that spans the import."""

    def started(self, import_id: str, store: str, store_id: str) -> None:
        """An import into a store has started."""

    def scanning(self, scan_counts: ScanCounts) -> None:
        """Another file was scanned."""

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        """All files are scanned; this many are to be removed."""

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        """The transfer may have made progress. The reporter clears `transfer.new_failures`."""

    def waiting(self, wait: ImportWait | None) -> None:
        """The service does not answer, or does again (None). Called from any thread, also while the transfer waits."""

    def __enter__(self) -> "ProgressReporter": ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def progress_snapshot(
    transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter, rate: RateEstimator
) -> dict[str, Any]:
    """Return the numbers of an import at this moment."""
    counts, progress = transfer.batches.count_files(), transfer.progress
    ended = counts["completed"] + counts["failed"] + counts["cancelled"]
    not_attempted = max(0, progress.to_upload - progress.attempted)
    remaining = not_attempted + transfer.files_to_attach + counts["in_progress"]
    files_per_second = rate.add_sample(ended + progress.unchanged + progress.not_uploaded)
    return {
        "files": scan_counts.files,
        "unchanged": scan_counts.unchanged + progress.unchanged,
        "to_upload": progress.to_upload,
        "uploaded": progress.uploaded,
        "not_uploaded": progress.not_uploaded + scan_counts.problems,
        "bytes": byte_counter.bytes,
        "bytes_to_upload": progress.bytes_to_upload,
        "batches_open": transfer.batches.open_count,
        "in_progress": counts["in_progress"],
        "completed": counts["completed"],
        "failed": counts["failed"],
        "cancelled": counts["cancelled"],
        "waiting_for": None if transfer.waiting is None else transfer.waiting.text,
        "files_per_second": round(files_per_second, 1),
        "eta_seconds": round(remaining / files_per_second) if files_per_second > 0 else None,
    }
