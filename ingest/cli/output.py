"""Lines and events on standard output."""

import json
import sys
import time
from typing import Any

from rich.console import Console


def print_line(console: Console, line: str) -> None:
    """Print a line unchanged: it is not cut, wrapped, or parsed as markup."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def print_event(event: str, **facts: Any) -> None:
    """Print an event as one JSON object on a line. Usable from several threads."""
    line = json.dumps({"event": event, "time": round(time.time(), 3), **facts})
    print(f"{line}\n", end="", file=sys.stdout, flush=True)


def print_to_stderr(line: str) -> None:
    """Print a line to standard error, which keeps standard output for the result."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)


def table_console(width: int = 200) -> Console:
    """Return a console for wide tables: as wide as the terminal, or `width` characters in a pipe."""
    return Console(width=None if Console().is_terminal else width)
