"""Files that an import did not complete, or completed with warnings: grouped by reason, and written to a file."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ingest.errors import Refused

MAX_PATHS_PER_REASON = 1_000
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # also in full width

COLUMNS = ("path", "outcome", "reason", "file_id")

FailedFile = tuple[str, str, str | None, str]
"""(path, outcome, file id, reason)."""


@dataclass
class FailureGroup:
    """How many files have the same reason, and the paths of the first 1,000."""

    files: int = 0
    paths: list[str] = field(default_factory=list)


def group_by_reason(failed_files: Iterable[FailedFile]) -> list[tuple[str, FailureGroup]]:
    """Return (reason, group) pairs, the most frequent reason first."""
    groups: dict[str, FailureGroup] = {}
    for path, _, _, reason in failed_files:
        group = groups.setdefault(reason, FailureGroup())
        group.files += 1
        if len(group.paths) < MAX_PATHS_PER_REASON:
            group.paths.append(path)
    return sorted(groups.items(), key=lambda item: (-item[1].files, item[0]))


def count_files(groups: Iterable[tuple[str, FailureGroup]]) -> int:
    """Return the number of files in all groups."""
    return sum(group.files for _, group in groups)


def write_failures(target: Path, failed_files: Iterable[FailedFile]) -> None:
    """Write all these files as CSV (if the name ends in .csv) or JSON Lines. Raises Refused.

    A cell of a CSV that a spreadsheet would calculate begins with an apostrophe. JSON has every text as it is.
    """
    try:
        with target.open("w", encoding="utf-8", newline="") as file:
            rows = (
                dict(zip(COLUMNS, (path, outcome, reason, file_id), strict=True))
                for path, outcome, file_id, reason in failed_files
            )
            if target.suffix.lower() == ".csv":
                writer = csv.DictWriter(file, COLUMNS)
                writer.writeheader()
                writer.writerows({name: _as_text(value) for name, value in row.items()} for row in rows)
            else:
                file.writelines(json.dumps(row) + "\n" for row in rows)
    except OSError as exc:
        raise Refused(f"{target} cannot be written: {exc.strerror}.") from exc


def _as_text(value: str | None) -> str:
    """Return a cell that spreadsheets show and do not calculate."""
    text = value or ""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
