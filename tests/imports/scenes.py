"""Helpers for tests of imports: options, and a reporter that records its calls."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingest.imports.options import ImportOptions
from ingest.imports.patterns import PathAttributes, PathFilter
from ingest.imports.progress import ByteCounter, RateEstimator, progress_snapshot
from ingest.imports.scan import AttributeRules, ScanCounts
from ingest.imports.transfer import Transfer
from ingest.imports.waits import ImportWait


def make_options(journal_folder: Path, *paths: Path, manifests: Sequence[Path] = (), **changes: Any) -> ImportOptions:
    """Return the options of an import into the store `demo`."""
    defaults: dict[str, Any] = {
        "store": "demo", "paths": [str(path) for path in paths], "manifests": [str(path) for path in manifests],
        "path_filter": PathFilter(), "attribute_rules": AttributeRules({}, PathAttributes([])),
        "journal_folder": journal_folder, "threads": 2, "batch_files": 100,
    }  # fmt: skip
    return ImportOptions(**defaults | changes)


class RecordingReporter:
    """Records the calls of an import."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failures: list[tuple[str, str]] = []
        self.snapshot: dict[str, Any] = {}
        """The numbers of the last call of `transferring`."""

    def __enter__(self) -> "RecordingReporter":
        self.calls.append("enter")
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.append("exit")

    def started(self, import_id: str, store: str, store_id: str) -> None:
        self.calls.append(f"started {store} {store_id}")

    def waiting(self, wait: ImportWait | None) -> None:
        self.calls.append(f"waiting {wait and wait.dependency}")

    def scanning(self, scan_counts: ScanCounts) -> None:
        self.calls.append(f"scanning {scan_counts.files}")

    def scanned(self, scan_counts: ScanCounts, removals: int) -> None:
        self.calls.append(f"scanned {scan_counts.files}, {removals} to remove")

    def transferring(self, transfer: Transfer, scan_counts: ScanCounts, byte_counter: ByteCounter) -> None:
        self.failures += transfer.new_failures
        transfer.new_failures.clear()
        self.snapshot = progress_snapshot(transfer, scan_counts, byte_counter, RateEstimator())
