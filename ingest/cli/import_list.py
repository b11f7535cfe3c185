"""The imports that this machine's journals know, by service."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ingest.cli.listing import format_time, print_json_lines, print_rows
from ingest.imports import journal

ImportState = Literal["running", "interrupted", "ended"]
COLUMNS = ("import", "state", "started", "files", "unchanged", "completed", "failed", "store", "service")


@dataclass(frozen=True)
class ListedImport:
    """An import of a journal."""

    store: dict[str, str]
    """`url`, `store_id`, and the store's name as `store`."""
    row: dict[str, Any]
    counts: dict[str, int]
    state: ImportState
    """`interrupted`: its process is gone before all files had ended."""


def list_imports(folder: Path) -> list[ListedImport]:
    """Return all imports of the journals in a folder: service by service, the latest last."""
    listed: list[ListedImport] = []
    for store_journal in journal.open_all(folder):
        try:
            store, is_latest = store_journal.read_store(), True
            is_running = store_journal.is_written()
            for row in store_journal.list_imports():
                counts = store_journal.sum_batch_counts(row["number"])
                listed.append(ListedImport(store, row, counts, _state(row, is_running=is_running and is_latest)))
                is_latest = False
        finally:
            store_journal.close()
    return sorted(listed, key=lambda each: (each.store.get("url", ""), each.row["started"]))


def print_imports(imports: Iterable[ListedImport], *, as_json: bool) -> None:
    """Print imports as a table, or as one JSON object a line."""
    if as_json:
        print_json_lines(
            {**each.store, **{name: each.row[name] for name in ("id", "started", "ended")}, "state": each.state}
            | each.counts
            for each in imports
        )
        return
    rows = [
        (
            each.row["id"],
            each.state,
            format_time(each.row["started"]),
            each.row["found"],
            each.row["unchanged"],
            each.counts["completed"],
            each.counts["failed"],
            each.store.get("store"),
            each.store.get("url", "").rstrip("/"),
        )
        for each in imports
    ]
    print_rows(COLUMNS, rows)


def _state(row: dict[str, Any], *, is_running: bool) -> ImportState:
    if row["ended"] is not None:
        return "ended"
    return "running" if is_running else "interrupted"
