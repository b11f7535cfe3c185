"""Lists on the terminal: aligned columns without borders, whole ids, and one JSON object a line for programs."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from ingest.cli.output import print_line
from ingest.observability.visible import visible

_GAP = "  "


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below their headings. Nothing is cut or wrapped; numbers are aligned to the right."""
    cells = [[_to_text(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    numeric = [bool(cells) and all(_is_number(row[index]) for row in cells) for index in range(len(columns))]
    console = Console()
    for line in (columns, *cells):
        padded = (
            " " * (width - cell_len(cell)) + cell if right else cell + " " * (width - cell_len(cell))
            for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        print_line(console, _GAP.join(padded).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """Print one object: a line for each fact, with its name in front."""
    width = max(map(len, facts))
    console = Console()
    for name, value in facts.items():
        print_line(console, f"{name.ljust(width)}{_GAP}{_to_text(value)}".rstrip())


def print_json_lines(objects: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON object a line."""
    for each in objects:
        print(json.dumps(each))


def extension(shown: Any, name: str) -> Any:
    """Return a field that this service adds to an object of the openai client, or None."""
    return (shown.model_extra or {}).get(name)


def format_time(at: float | None) -> str:
    """Return a Unix time in the time zone of this machine, or nothing."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def format_bytes(count: int) -> str:
    """Return a number of bytes with a unit of 1,024 steps."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _to_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, Mapping):
        return visible(", ".join(f"{name}={value}" for name, value in cell.items()))
    return visible(str(cell))


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").isdigit()
