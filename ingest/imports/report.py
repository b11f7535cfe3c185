"""What an import tells at its end: how many files ended how, and why some did not."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ingest.errors import Refused
from ingest.imports.display import tell

SHOWN_PATHS = 20
"""Of one reason, in a terminal; elsewhere MOST_PATHS. A failures file gets them all."""

MOST_PATHS = 1_000
COLUMNS = ("path", "outcome", "reason", "file_id")

Trouble = tuple[str, str, str | None, str]
"""(path, outcome, file id, reason) of a file that did not complete."""


@dataclass
class Reason:
    """Why some files did not complete: how many, and the first of them."""

    files: int = 0
    paths: list[str] = field(default_factory=list)


def grouped(troubles: Iterable[Trouble]) -> list[tuple[str, Reason]]:
    """Reasons, the most frequent first."""
    reasons: dict[str, Reason] = {}
    for path, _, _, reason in troubles:
        group = reasons.setdefault(reason, Reason())
        group.files += 1
        if len(group.paths) < MOST_PATHS:
            group.paths.append(path)
    return sorted(reasons.items(), key=lambda each: (-each[1].files, each[0]))


def outcome(console: Console, counts: dict[str, int]) -> None:
    """How many files ended how."""
    table = Table("outcome", "files")
    table.columns[1].justify = "right"
    for name in ("completed", "unchanged", "removed", "failed", "cancelled", "not uploaded"):
        if counts.get(name) or name == "completed":
            # What is a part of another line stands below it.
            table.add_row(f"  {name}" if name == "unchanged" else name, f"{counts.get(name, 0):,}")
    table.add_section()
    table.add_row("total", f"{counts['total']:,}")
    console.print(table)


def failures(console: Console, reasons: list[tuple[str, Reason]]) -> None:
    """The files that did not complete, under their reasons."""
    for reason, group in reasons:
        tell(console, f"{group.files:,} {'file' if group.files == 1 else 'files'}: {reason}")
        shown = group.paths[: SHOWN_PATHS if console.is_terminal else MOST_PATHS]
        for path in shown:
            tell(console, f"  {path}")
        if group.files > len(shown):
            tell(console, f"  and {group.files - len(shown):,} more; --failures FILE gets them all")


def write_failures(path: Path, troubles: Iterable[Trouble]) -> None:
    """All files that did not complete, as CSV or JSON lines by the file's name. Raises Refused."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = (
                dict(zip(COLUMNS, (shown, how, why, file_id), strict=True)) for shown, how, file_id, why in troubles
            )
            if path.suffix.lower() == ".csv":
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows(rows)
            else:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    except OSError as exc:
        raise Refused(f"{path} cannot be written: {exc.strerror}.") from exc


def summary(counts: dict[str, int], reasons: list[tuple[str, Reason]]) -> dict[str, Any]:
    """The end as facts."""
    return {
        **{name.replace(" ", "_"): count for name, count in counts.items()},
        "reasons": [{"reason": reason, "files": group.files, "first": group.paths[:3]} for reason, group in reasons],
    }
