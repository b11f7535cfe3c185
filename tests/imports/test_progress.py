"""The numbers of an import: bytes, files per second, and the snapshot."""

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ingest.imports.progress import ByteCounter, RateEstimator, progress_snapshot
from ingest.imports.scan import ScanCounts
from ingest.imports.transfer import Transfer, TransferProgress


def test_threads_count_bytes_together() -> None:
    byte_counter = ByteCounter()

    def count() -> None:
        for _ in range(1_000):
            byte_counter(2)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert byte_counter.bytes == 8_000


def test_the_rate_covers_the_last_half_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("ingest.imports.progress.time.monotonic", lambda: now[0])
    rate = RateEstimator()

    assert rate.add_sample(0) == 0.0
    now[0] = 10.0
    assert rate.add_sample(100) == 10.0
    now[0] = 60.0
    rate.add_sample(100)
    now[0] = 70.0
    assert rate.add_sample(120) == 2.0


def test_a_snapshot_adds_up_the_scan_the_uploads_and_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.imports.progress.RateEstimator.add_sample", lambda _self, _ended: 2.0)
    counts = {"in_progress": 3, "completed": 4, "failed": 1, "cancelled": 0}
    transfer: Any = SimpleNamespace(
        batches=SimpleNamespace(count_files=lambda: counts, open_count=1), waiting=None, files_to_attach=2,
        progress=TransferProgress(to_upload=20, bytes_to_upload=900, uploaded=9, unchanged=1, not_uploaded=1),
    )  # fmt: skip

    snapshot = progress_snapshot(
        cast(Transfer, transfer), ScanCounts(files=25, unchanged=5, problems=2), ByteCounter(), RateEstimator()
    )

    assert (snapshot["files"], snapshot["unchanged"], snapshot["not_uploaded"]) == (25, 6, 3)
    assert (snapshot["completed"], snapshot["failed"], snapshot["in_progress"]) == (4, 1, 3)
    # 9 files are not attempted, 2 are not attached, 3 are in progress.
    assert snapshot["eta_seconds"] == 7
