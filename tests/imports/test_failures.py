"""Failed files grouped by reason."""

import csv
import json
from pathlib import Path

import pytest

from ingest.imports.failures import group_by_reason, write_failures


def test_a_reason_keeps_only_its_first_paths() -> None:
    ((reason, group),) = group_by_reason((f"{number}.txt", "failed", None, "empty") for number in range(20_000))

    assert (reason, group.files, len(group.paths)) == ("empty", 20_000, 1_000)


@pytest.mark.parametrize("start", [*"=+-@\t\r\n", " =", "\uff1d"])
def test_a_spreadsheet_calculates_no_cell_of_a_csv(tmp_path: Path, start: str) -> None:
    path = f"{start}HYPERLINK(1).txt"
    for name in ("failed.csv", "failed.jsonl"):
        write_failures(
            tmp_path / name, [(path, "failed", None, f"{start}cmd"), ("a=b.txt", "failed", "file-1", "empty")]
        )

    with (tmp_path / "failed.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.reader(file))
    rows = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text().split("\n") if line]

    assert cells[1:] == [[f"'{path}", "failed", f"'{start}cmd", ""], ["a=b.txt", "failed", "empty", "file-1"]]
    assert (rows[0]["path"], rows[0]["file_id"]) == (path, None)
