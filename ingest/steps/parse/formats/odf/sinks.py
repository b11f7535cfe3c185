"""Where blocks of an OpenDocument file go: into a builder, or into the cell of a table."""

from collections.abc import Iterable
from typing import Protocol

from ingest.steps.parse.formats.layout import join_cells


class Sink(Protocol):
    """What TextBuilder and CellSink have in common; see TextBuilder."""

    def add_block(self, text: str) -> None:
        """Add a paragraph."""

    def add_heading(self, text: str, level: int, title: str = "") -> None:
        """Add a heading."""

    def add_line(self, text: str) -> None:
        """Add a list item."""

    def add_row(self, cells: Iterable[str], number: int | None = None) -> None:
        """Add a table row."""

    def end_list(self) -> None:
        """End a list or a table."""


class CellSink:
    """Collects the blocks in a cell as one line. A semicolon keeps the rows of a nested table apart."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_last_a_row = False

    def add_block(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(text)
        self._is_last_a_row = False

    def add_heading(self, text: str, level: int, title: str = "") -> None:
        """Add a heading."""
        self.add_block(text)

    def add_line(self, text: str) -> None:
        """Add a list item."""
        self.add_block(text.strip())

    def add_row(self, cells: Iterable[str], number: int | None = None) -> None:
        """Add a row of a table in the cell."""
        line = join_cells(cells)
        if line:
            if self._is_last_a_row:
                self._parts[-1] += ";"
            self._parts.append(line)
            self._is_last_a_row = True

    def end_list(self) -> None:
        """End a list or a table."""
        self._is_last_a_row = False

    @property
    def text(self) -> str:
        """Return the cell in one line."""
        return " ".join(" ".join(self._parts).split())
