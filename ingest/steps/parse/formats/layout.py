"""How structure looks in plain text, the same for every format."""

from collections.abc import Iterable

CELL = " | "


class Layout:
    """Collects blocks of text; items of one list and rows of one table stay together, others part by an empty line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._tight = False

    def __len__(self) -> int:
        """Characters so far: the offset at which the next block would start, but for what parts it."""
        return self._length

    def block(self, text: str) -> None:
        """Add a paragraph, heading or the like; blank ones are dropped."""
        self._add(text, tight=False)

    def line(self, text: str) -> None:
        """Add a list item or a table row, next to the one before it."""
        self._add(text, tight=True)

    def row(self, cells: Iterable[str]) -> None:
        """Add a table row with its cells in one line; see `join_cells`."""
        self._add(join_cells(cells), tight=True)

    def end_list(self) -> None:
        """Part the next line from those before it."""
        self._tight = False

    def start_page(self) -> int:
        """Part what follows by an empty line and return the offset at which it will start."""
        self._tight = False
        return self._length + 2 if self._parts else 0

    def text(self) -> str:
        """Everything added so far."""
        return "".join(self._parts)

    def _add(self, text: str, *, tight: bool) -> None:
        if not text or text.isspace():
            return
        if self._parts:
            text = ("\n" if tight and self._tight else "\n\n") + text
        self._parts.append(text)
        self._length += len(text)
        self._tight = tight


def join_cells(cells: Iterable[str]) -> str:
    """Return cells as one line, "" if all are empty.

    Empty ones at its ends are dropped and several in a row count as one: they are how sheets and pages are spaced, and
    a row may have sixteen thousand of them.
    """
    kept: list[str] = []
    for cell in cells:
        text = " ".join(cell.split())
        if text or (kept and kept[-1]):
            kept.append(text)
    if kept and not kept[-1]:
        kept.pop()
    return CELL.join(kept)
