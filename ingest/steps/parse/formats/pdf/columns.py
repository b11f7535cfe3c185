"""The reading order of rows whose segments may be columns of prose.

Most producers write column by column; others, and the text layers of scans, write the rows of all columns together.
A block of rows is columns if a white gutter runs through all of it and its cells read like lines of prose; otherwise it
is a table, whose rows stay rows.
"""

import re
import statistics
from collections.abc import Iterator
from itertools import pairwise

from ingest.steps.parse.formats.pdf.rows import Row, Segment

_MIN_GUTTER = 0.9
_MAX_ROW_DISTANCE = 3.0
_MAX_PROSE_DISTANCE = 1.65
"""Shares of the height of a segment, which is about 1.2 times the font size."""

_MAX_COLUMNS = 5
_MIN_WORDS = 2.5
_MIN_FILL = 0.6
_MIN_CONTINUATION = 0.25
_MIN_ROWS_WITHOUT_CAPITALS = 4
_FULL = 0.8
_WORDS = re.compile(r"[^\W\d_]{2,}|\b[^\W\d_]\b|\d+")
_SENTENCE_END_INSIDE = re.compile(r"[^\W\d_]{3}[.!?] [A-ZÀ-ÖØ-ÞĀ-Ž\u0391-\u042f]|[。！？].")
_SENTENCE_ENDS = (".", "!", "?", "。")
_BROKEN = re.compile("[^\\W\\d_][-\u00ad\u2010\ufffe]$")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_SHORT_WORD = 3
_MIN_SHORT = 0.4
_MAX_SENTENCE_ENDS = 0.5
_WIDE_CHARACTERS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff66-\uff9f]")

Gutter = tuple[float, float]
Column = list[tuple[int, Segment]]
"""Segments with the index of their row."""


def write_rows(rows: list[Row]) -> str:
    """Return the rows as lines, with columns one after the other."""
    lines: list[str] = []
    start = 0
    while start < len(rows):
        end, gutters = _find_block(rows, start)
        block = rows[start:end]
        lines += (_column_lines(block, gutters) if gutters else None) or [_line(row) for row in block]
        start = end
    return "\n".join(lines)


def _line(row: Row) -> str:
    return " ".join(segment.text for segment in row)


def _find_block(rows: list[Row], start: int) -> tuple[int, list[Gutter]]:
    """Return the end of the block of rows that starts here, and the gutters through it. One row has no gutters."""
    gutters = [
        (left.right, right.left)
        for left, right in zip(rows[start], rows[start][1:], strict=False)
        if right.left - left.right >= _MIN_GUTTER * left.height
    ]
    end = start + 1
    while gutters and end < len(rows) and _is_next_row(rows[end - 1], rows[end]):
        remaining = list(_without(gutters, rows[end]))
        if not remaining:
            break
        gutters = remaining
        end += 1
    return (end, gutters) if end > start + 1 else (end, [])


def _is_next_row(row: Row, below: Row) -> bool:
    """Return whether a row is the next one down the page."""
    distance = row[0].bottom - below[0].bottom
    return 0 < distance <= _MAX_ROW_DISTANCE * max(row[0].height, below[0].height)


def _without(gutters: list[Gutter], row: Row) -> Iterator[Gutter]:
    """Yield the parts of the gutters that a row leaves white."""
    for left, right in gutters:
        for segment in row:
            if segment.right <= left or segment.left >= right:
                continue
            if segment.left - left >= _MIN_GUTTER * segment.height:
                yield left, segment.left
            left = max(left, segment.right)
        if right - left >= _MIN_GUTTER * row[0].height:
            yield left, right


def _column_lines(block: list[Row], gutters: list[Gutter]) -> list[str] | None:
    """Return the lines of a block column by column, or None if it is not columns of prose."""
    first = _first_row_of_columns(block)
    columns = _columns(block[first:], gutters)
    while (narrow := _marker_column(columns)) is not None:
        gutters = gutters[:narrow] + gutters[narrow + 1 :]
        columns = _columns(block[first:], gutters)
    if not 2 <= len(columns) <= _MAX_COLUMNS or not _is_prose(columns, len(block) - first):
        return None
    lines = [_line(row) for row in block[:first]]
    for column in columns:
        rows: dict[int, list[str]] = {}
        for index, segment in column:
            rows.setdefault(index, []).append(segment.text)
        lines += [" ".join(texts) for texts in rows.values()]
    return lines


def _first_row_of_columns(block: list[Row]) -> int:
    """Return 1 if the first row is farther from the rest than its rows are, as a running title is, else 0."""
    distances = [above[0].bottom - below[0].bottom for above, below in pairwise(block)]
    return int(len(distances) > 2 and distances[0] > 1.6 * statistics.median(distances))


def _columns(block: list[Row], gutters: list[Gutter]) -> list[Column]:
    columns: list[Column] = [[] for _ in range(len(gutters) + 1)]
    for index, row in enumerate(block):
        for segment in row:
            middle = (segment.left + segment.right) / 2
            columns[sum(left < middle for left, _ in gutters)].append((index, segment))
    return columns


def _marker_column(columns: list[Column]) -> int | None:
    """Return the index of a column of bullets or clause numbers, which belongs to the text on its right."""
    for number, column in enumerate(columns[:-1]):
        width = max((segment.right for _, segment in column), default=0) - min(
            (segment.left for _, segment in column), default=0
        )
        if not column or (width < 4 * column[0][1].height and _mean_words(column) < 1.5):
            return number
    return None


def _is_prose(columns: list[Column], row_count: int) -> bool:
    """Return whether the cells of each column read like lines of prose."""
    cells = [segment.text for column in columns for _, segment in column]
    if any(len(column) < 2 or _mean_words(column) < _MIN_WORDS or _fill(column) < _MIN_FILL for column in columns):
        return False
    if sum(map(_is_value, cells)) * 6 > len(cells) or sum(cell.endswith(":") for cell in cells) * 3 > len(cells):
        return False
    distances = [
        (above.bottom - below.bottom) / above.height
        for column in columns
        for (_, above), (_, below) in pairwise(column)
        if above.bottom > below.bottom
    ]
    if not distances or statistics.median(distances) > _MAX_PROSE_DISTANCE:
        return False
    if _WIDE_CHARACTERS.search(cells[0]):  # a script without capitals
        return row_count >= _MIN_ROWS_WITHOUT_CAPITALS and min(map(_fill, columns)) >= _FULL
    return min(map(_continuation, columns)) >= _MIN_CONTINUATION and _has_sentences(cells)


def _has_sentences(cells: list[str]) -> bool:
    """Return whether sentences run through the cells: the cells of tables are phrases, each complete.

    Sentences break words at line ends, end inside of lines, end in some lines but not in most, or break behind the
    short words that most languages have many of.
    """
    if any(_SENTENCE_END_INSIDE.search(cell) or _BROKEN.search(cell) for cell in cells):
        return True
    ends = sum(cell.endswith(_SENTENCE_ENDS) for cell in cells)
    if 0 < ends <= _MAX_SENTENCE_ENDS * len(cells):
        return True
    last_words = [match[0] for cell in cells if (match := _LAST_WORD.search(cell))]
    return sum(len(word) <= _SHORT_WORD for word in last_words) >= max(2, _MIN_SHORT * len(cells))


def _mean_words(column: Column) -> float:
    """Return the words per cell. Two characters of a script without spaces count as one."""
    words = 0.0
    for _, segment in column:
        wide = len(_WIDE_CHARACTERS.findall(segment.text))
        words += wide / 2 if wide else len(_WORDS.findall(segment.text))
    return words / max(1, len(column))


def _fill(column: Column) -> float:
    """Return how much of the column's width its cells fill, by their median."""
    width = max(segment.right for _, segment in column) - min(segment.left for _, segment in column)
    return statistics.median((segment.right - segment.left) / max(width, 1) for _, segment in column)


def _is_value(cell: str) -> bool:
    digits = sum(character.isdigit() for character in cell)
    return digits * 2 > sum(not character.isspace() for character in cell)


def _continuation(column: Column) -> float:
    """Return the share of cells below another that go on with its sentence."""
    pairs = [(above.text, below.text) for (_, above), (_, below) in pairwise(column)]
    going_on = sum(below[:1].islower() or above.endswith("-") for above, below in pairs)
    return going_on / max(1, len(pairs))
