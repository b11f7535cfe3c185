"""Lines, tables and events on standard output and standard error: the one place through which commands print data.

Everything but JSON is made visible: no name or text of a file can move the cursor, change colours or forge a line.
"""

import contextlib
import json
import os
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.observability.visible import visible


def print_line(console: Console, line: str) -> None:
    """Print a line whole: it is not cut, wrapped, or parsed as markup."""
    console.print(visible(line), soft_wrap=True, markup=False, highlight=False, emoji=False)


def print_event(event: str, **facts: Any) -> None:
    """Print an event as one JSON object on a line. Usable from several threads."""
    line = json.dumps({"event": event, "time": round(time.time(), 3), **facts})
    print(f"{line}\n", end="", file=sys.stdout, flush=True)


def print_to_stderr(line: str) -> None:
    """Print a line to standard error, which keeps standard output for the result."""
    print_line(Console(stderr=True), line)


def echo(line: str) -> None:
    """Print a line to standard output."""
    print(visible(line), flush=True)


def add_row(table: Table, *cells: str) -> None:
    """Add a row of data to a table. Its cells are not parsed as markup."""
    table.add_row(*(Text(visible(cell)) for cell in cells))


def accept_any_terminal() -> None:
    """Print what the encoding of the terminal or pipe does not have as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a stream of a test, or a closed one
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # a stream of a test has no such method


def flush_or_forget() -> None:
    """Send what is still buffered; a reader that has gone, as `head` does, is no error."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):  # the interpreter flushes once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def table_console(width: int = 200) -> Console:
    """Return a console for wide tables: as wide as the terminal, or `width` characters in a pipe."""
    return Console(width=None if Console().is_terminal else width)
