"""Tables of HTML: which ones hold data, and where their cells lie with row and column spans."""

from typing import Any

from lxml import etree

_BLOCKS_IN_LAYOUT = ("h1", "form")
_LISTS = ("ul", "ol", "pre", "h2", "h3", "h4", "h5", "h6")
_MAX_COLUMNS = 1_000  # that spans reach, as in the HTML standard, section 4.9.11
_MAX_COVERED = 200_000  # cells that spans cover in one table; real tables have some hundreds
_MAX_ROW_SPAN = 65_534


def layout_tables(root: Any) -> set[Any]:
    """Return the tables that arrange a page instead of holding data.

    They contain tables, titles or forms, or they contain lists or headings and have no header cells.
    """
    found: set[Any] = set()
    open_tables: list[Any] = []
    with_lists: set[Any] = set()
    with_headers: set[Any] = set()
    tags = ("table", "th", *_BLOCKS_IN_LAYOUT, *_LISTS)
    for event, element in etree.iterwalk(root, events=("start", "end"), tag=tags):
        tag = element.tag
        if event == "end":
            if tag == "table":
                open_tables.pop()
            continue
        if open_tables:
            table = open_tables[-1]
            if tag == "th":
                with_headers.add(table)
            elif tag in _LISTS:
                with_lists.add(table)
            else:
                found.add(table)
        if tag == "table":
            open_tables.append(element)
            if element.get("role") in ("presentation", "none"):
                found.add(element)
    return found | (with_lists - with_headers)


class Grid:
    """The cells of one table, in rows. A cell that spans several places is in the first one; the others are empty."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self._spans: dict[int, int] = {}  # column -> rows below the current one that a cell above still covers
        self._has_open_row = False
        self._covered = 0

    def start_row(self) -> None:
        """Begin a row."""
        if self._has_open_row:
            self.end_row()
        self.rows.append([])
        self._has_open_row = True

    def add_cell(self, text: str, column_span: int, row_span: int) -> None:
        """Add a cell to the open row, or begin a row with it."""
        if not self._has_open_row:
            self.start_row()
        row = self.rows[-1]
        if not self._spans and column_span == row_span == 1:
            row.append(text)
            return
        covered = self._covered
        while len(row) in self._spans and covered < _MAX_COVERED:
            row.append("")
            covered += 1
        column_span = min(column_span, max(1, _MAX_COLUMNS - len(row)))
        if row_span > 1 and len(row) < _MAX_COLUMNS and covered < _MAX_COVERED:
            # The end of the present row counts as one of the rows.
            self._spans.update(dict.fromkeys(range(len(row), len(row) + column_span), row_span))
        row.append(text)
        row.extend([""] * (column_span - 1))
        self._covered = covered + column_span - 1

    def end_row(self) -> None:
        """End the open row: each cell above that covers it covers one row less below."""
        self._has_open_row = False
        if self._spans:
            self._spans = {column: rows - 1 for column, rows in self._spans.items() if rows > 1}


def span(element: Any, name: str) -> int:
    """Return the attribute "colspan" or "rowspan" of a cell. A row span of 0 reaches the end of the table."""
    value = element.get(name)
    if value is None:
        return 1
    value = value.strip()
    if not value.isdecimal() or len(value) > 6:
        return 1
    number = int(value)
    if name == "rowspan":
        return min(number, _MAX_ROW_SPAN) or _MAX_ROW_SPAN
    return min(max(number, 1), _MAX_COLUMNS)
