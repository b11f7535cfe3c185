"""`TextBuilder`: how paragraphs, lists, tables and pages look in plain text, the same for every format."""

from collections.abc import Iterable

CELL_SEPARATOR = " | "


class TextBuilder:
    """Collects blocks of text. Items of a list and rows of a table follow each other; an empty line separates the rest."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._is_last_a_line = False

    def __len__(self) -> int:
        """Return the number of characters so far, without the separator of the next block."""
        return self._length

    def add_block(self, text: str) -> None:
        """Add a paragraph, a heading or another block. Blank text is dropped."""
        self._add(text, is_line=False)

    def add_line(self, text: str) -> None:
        """Add a list item or a table row below the previous one, without an empty line."""
        self._add(text, is_line=True)

    def add_row(self, cells: Iterable[str]) -> None:
        """Add a table row with its cells in one line; see `join_cells`."""
        self._add(join_cells(cells), is_line=True)

    def end_list(self) -> None:
        """Separate the next line from the previous ones by an empty line."""
        self._is_last_a_line = False

    def start_page(self) -> int:
        """Start a page, separated by an empty line, and return the offset of its text."""
        self._is_last_a_line = False
        return self._length + 2 if self._parts else 0

    def build(self) -> str:
        """Return the text added so far."""
        return "".join(self._parts)

    def _add(self, text: str, *, is_line: bool) -> None:
        if not text or text.isspace():
            return
        if self._parts:
            text = ("\n" if is_line and self._is_last_a_line else "\n\n") + text
        self._parts.append(text)
        self._length += len(text)
        self._is_last_a_line = is_line


def join_cells(cells: Iterable[str]) -> str:
    """Return cells as one line, or "" if all are empty.

    Empty cells at both ends are dropped, and several in a row count as one: sheets and pages use them as spacing, and a
    row may have sixteen thousand of them.
    """
    kept: list[str] = []
    for cell in cells:
        text = " ".join(cell.split())
        if text or (kept and kept[-1]):
            kept.append(text)
    if kept and not kept[-1]:
        kept.pop()
    return CELL_SEPARATOR.join(kept)
