"""Lay out the rows of a sheet: titles as lines, then tables that begin with their header row.

Every reader of spreadsheets uses it, so that all formats look the same:

    Name of the sheet

    Title of a table

    Region | Q1 | Q2
    North |  | 77

    Comment on B2 (Ann): checked
"""

from dataclasses import dataclass

from ingest.steps.parse.formats.layout import CELL_SEPARATOR, MAX_EMPTY_CELLS, TextBuilder

_MAX_TITLE_ROWS = 30
"""Rows above a header. A sheet with more rows of one cell each is a list."""

_MAX_TITLES_BETWEEN_TABLES = 3
_MAX_HEADER_ROWS = 3


@dataclass(slots=True)
class _Row:
    number: int
    first: int  # column of the first filled cell
    filled: int
    texts: int  # how many of the filled cells are text
    line: str

    @property
    def is_text(self) -> bool:
        """Return whether no filled cell is a number."""
        return self.texts == self.filled


class Grid:
    """Collects the filled cells of one sheet row by row, and adds them to a builder at the end.

    Cells keep their columns. Columns to the left that are empty in all rows are dropped.
    """

    def __init__(self) -> None:
        self._rows: list[_Row] = []

    def __len__(self) -> int:
        """Return the number of rows that are not empty."""
        return len(self._rows)

    def add_row(self, number: int, columns: list[int], cells: list[str], texts: int) -> None:
        """Add the filled cells of a row, from left to right.

        `number` counts from 1, `columns` from 0. `cells` are not blank, and white space in them is single spaces.
        `texts` is how many of the cells are text, not numbers.
        """
        if not cells:
            return
        first = columns[0]
        if columns[-1] - first + 1 == len(cells):
            line = CELL_SEPARATOR.join(cells)
        else:
            line = CELL_SEPARATOR.join(_with_gaps(columns, cells))
        self._rows.append(_Row(number, first, len(cells), texts, line))

    def write(self, builder: TextBuilder) -> None:
        """Add the rows to a builder as lines and tables. The grid is empty afterwards."""
        rows, self._rows = self._rows, []
        left = min((row.first for row in rows), default=0)
        header = _first_header(rows)
        header_end = header + _header_rows(rows, header)
        for index, row in enumerate(rows):
            has_gap = index > 0 and row.number > rows[index - 1].number + 1
            if has_gap and index > header and (start := _next_header(rows, index)) is not None:
                builder.end_list()
                header, header_end = start, start + _header_rows(rows, start)
            if index == header:
                builder.end_list()
            line = CELL_SEPARATOR * min(row.first - left, MAX_EMPTY_CELLS) + row.line
            if index < header:
                builder.add_line(line)
            else:
                builder.add_joined_row(line, row.number, is_header=index < header_end)
        builder.end_list()


def clean_cell(text: str) -> str:
    """Return the text of a cell on one line, as `Grid.add_row` needs it."""
    return " ".join(text.split())


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell, "B3" for row 3 and column 1."""
    letters, rest = "", column + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"{letters}{row}"


def write_sheet_name(builder: TextBuilder, name: str) -> None:
    """Add the name of a sheet, which begins its section."""
    builder.add_block(name)


def _with_gaps(columns: list[int], cells: list[str]) -> list[str]:
    """Return the cells with empty ones between them."""
    parts: list[str] = []
    expected = columns[0]
    for column, cell in zip(columns, cells, strict=True):
        if column > expected:
            parts += [""] * min(column - expected, MAX_EMPTY_CELLS)
        parts.append(cell)
        expected = column + 1
    return parts


def _first_header(rows: list[_Row]) -> int:
    """Return the index of the first row with two filled cells, or 0 if the sheet is a list."""
    for index, row in enumerate(rows[: _MAX_TITLE_ROWS + 1]):
        if row.filled >= 2:
            return index
    return 0


def _header_rows(rows: list[_Row], start: int) -> int:
    """Return how many rows from `start` are one header: rows of texts, each with more cells than the one above.

    Names of groups of columns are above the names of the columns.
    """
    count = 1
    while start + count < min(start + _MAX_HEADER_ROWS, len(rows) - 1):
        above, row, below = rows[start + count - 1 : start + count + 2]
        is_adjacent = row.number == above.number + 1 and below.number == row.number + 1
        if not (is_adjacent and above.is_text and row.is_text and above.filled < row.filled):
            break
        count += 1
    # Without numbers below, rows with more cells may be ordinary rows of texts.
    return count if count == 1 or not rows[start + count].is_text else 1


def _next_header(rows: list[_Row], index: int) -> int | None:
    """Return the index of the header of another table that begins at row `index`, or None if the table goes on.

    A header is texts directly above a row with numbers. Titles may precede it.
    """
    for header in range(index, min(index + _MAX_TITLES_BETWEEN_TABLES + 1, len(rows) - 1)):
        if rows[header].filled < 2:
            continue
        height = _header_rows(rows, header)
        last, below = rows[header + height - 1], rows[header + height]
        is_header = rows[header].is_text and not below.is_text and below.filled >= 2
        return header if is_header and below.number == last.number + 1 else None
    return None
