"""The state of an import, batch or store on the terminal: a line, a JSON object, or a line that is redrawn in place."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ingest.cli.output import print_line
from ingest.imports.waits import ImportWait
from ingest.observability.visible import visible

STATES = ("in_progress", "completed", "failed", "cancelled", "total")


class Shown(Protocol):
    """What is displayed."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def warnings(self) -> int: ...
    @property
    def waiting(self) -> ImportWait | None: ...
    @property
    def has_ended(self) -> bool: ...


class StatusDisplay:
    """Shows each state below the last one, or in its place."""

    def __init__(self, console: Console, *, as_json: bool, live: Live | None = None) -> None:
        self._console = console
        self._as_json = as_json
        self._live = live

    def show(self, current: Shown) -> None:
        """Show the present state."""
        if self._as_json:
            print(json.dumps(to_json(current)), flush=True)
        elif self._live is not None:
            lines = (Text(visible(line), no_wrap=True, overflow="ellipsis") for line in to_lines(current))
            self._live.update(Group(*lines), refresh=True)
        else:
            for line in to_lines(current):
                print_line(self._console, line)


@contextmanager
def open_display(console: Console, *, as_json: bool, watch: bool) -> Iterator[StatusDisplay]:
    """Yield a display. With `watch` on a terminal, a state is drawn in the place of the last one."""
    live = Live(console=console, auto_refresh=False) if watch and console.is_terminal and not as_json else None
    with live or nullcontext():
        yield StatusDisplay(console, as_json=as_json, live=live)


def to_json(current: Shown) -> dict[str, Any]:
    """Return a state as JSON. `over` is the name of `has_ended` in earlier versions."""
    facts: dict[str, Any] = {"object": current.kind, "id": current.id, "name": current.name}
    facts |= {"file_counts": current.counts, "warnings": current.warnings}
    facts |= {"has_ended": current.has_ended, "over": current.has_ended}
    return facts | (current.waiting.to_json() if current.waiting else {"waiting_for": None})


def to_lines(current: Shown) -> list[str]:
    """Return a state as lines."""
    counts = current.counts
    words = {state: f"{counts[state]:,} {state.replace('_', ' ')}" for state in STATES if state != "total"}
    if current.warnings:
        words["completed"] += f" ({current.warnings:,} with warnings)"
    parts = ", ".join(words.values())
    lines = [f"{current.kind} {current.id} ({current.name}): {parts}, {counts['total']:,} in total"]
    if current.waiting is not None:
        lines.append(f"waiting for {current.waiting.text}")
    return lines
