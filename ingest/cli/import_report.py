"""The report at the end of an import: files by outcome, the reasons of those that did not complete, and warnings."""

from typing import Any

from rich.console import Console
from rich.table import Table

from ingest.cli.output import print_line
from ingest.imports.failures import MAX_PATHS_PER_REASON, FailureGroup

MAX_PATHS_ON_TERMINAL = 20
"""Of one reason. Without a terminal the report has up to MAX_PATHS_PER_REASON, and a failures file has all."""

OUTCOMES = ("completed", "unchanged", "warnings", "removed", "failed", "cancelled", "not_uploaded")

_PARTS_OF_COMPLETED = {"unchanged": "  unchanged", "warnings": "  with warnings"}


def print_counts(console: Console, counts: dict[str, int]) -> None:
    """Print how many files have which outcome."""
    table = Table("outcome", "files")
    table.columns[1].justify = "right"
    for outcome in OUTCOMES:
        if counts.get(outcome) or outcome == "completed":
            table.add_row(_PARTS_OF_COMPLETED.get(outcome, outcome), f"{counts.get(outcome, 0):,}")
    table.add_section()
    table.add_row("total", f"{counts['total']:,}")
    console.print(table)


def print_failures(console: Console, reasons: list[tuple[str, FailureGroup]]) -> None:
    """Print the paths of the files that did not complete, below their reasons."""
    _print_groups(console, reasons, "")


def print_warnings(console: Console, warnings: list[tuple[str, FailureGroup]]) -> None:
    """Print the paths of the files that completed with warnings, below the warnings."""
    _print_groups(console, warnings, " completed with a warning")


def _print_groups(console: Console, reasons: list[tuple[str, FailureGroup]], kind: str) -> None:
    for reason, group in reasons:
        print_line(console, f"{group.files:,} {'file' if group.files == 1 else 'files'}{kind}: {reason}")
        paths = group.paths[: MAX_PATHS_ON_TERMINAL if console.is_terminal else MAX_PATHS_PER_REASON]
        for path in paths:
            print_line(console, f"  {path}")
        if group.files > len(paths):
            print_line(console, f"  and {group.files - len(paths):,} more; --failures FILE lists all of them")


def summarize(
    counts: dict[str, int], reasons: list[tuple[str, FailureGroup]], warnings: list[tuple[str, FailureGroup]]
) -> dict[str, Any]:
    """Return the report as the facts of a JSON event."""
    return {**counts, "reasons": _to_json(reasons), "warning_reasons": _to_json(warnings)}


def _to_json(groups: list[tuple[str, FailureGroup]]) -> list[dict[str, Any]]:
    return [{"reason": reason, "files": group.files, "first": group.paths[:3]} for reason, group in groups]
