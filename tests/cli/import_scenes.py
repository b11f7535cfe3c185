"""Helpers for tests of `ingest import`."""

import re
from pathlib import Path


def change_file(path: Path) -> None:
    path.write_text(path.read_text() + " and more")


def parse_import_id(output: str) -> str:
    match = re.search(r"imp_[0-9a-f]{32}", output)
    assert match
    return match[0]


def parse_counts(output: str) -> dict[str, int]:
    """Return the rows of the table of outcomes."""
    rows = re.findall(r"^│ +([a-z_]+) +│ +(\d+) │$", output, re.M)
    return {name: int(count) for name, count in rows}
