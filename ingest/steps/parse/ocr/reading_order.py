"""The order in which people read the lines of a page: columns, rows, paragraphs."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ingest.steps.parse.formats.layout import CELL_SEPARATOR
from ingest.steps.parse.ocr.engine import RecognizedLine

_GUTTER = 0.8
"""Width of the white space between two columns of text, in line heights, at least."""

_COLUMN_WIDTH = 6.0
"""Width of a column of running text, in line heights, at least. Narrower ones are cells of a table: read row by row."""

_COLUMN_LINES = 3
_CELL_GAP = 2.0
"""White space inside a row from which its parts are cells, in line heights."""

_PARAGRAPH_GAP = 0.5
"""White space between two lines beyond the usual one, in line heights, from which a paragraph begins."""

_MAX_DEPTH = 12


def paragraphs(lines: Sequence[RecognizedLine]) -> str:
    """Return the lines in reading order, one a line, with an empty line between paragraphs."""
    if not lines:
        return ""
    height = median(line.height for line in lines)
    return "\n\n".join(
        text for block in _blocks(list(lines), height, 0) for text in _paragraphs_of_block(block, height)
    )


def _blocks(lines: list[RecognizedLine], height: float, depth: int) -> list[list[RecognizedLine]]:
    """Cut the page at the white space between columns, and above and below them, until nothing is left to cut."""
    if depth < _MAX_DEPTH and len(lines) >= 2 * _COLUMN_LINES:
        columns = _columns(lines, height)
        if len(columns) > 1:
            return [block for column in columns for block in _blocks(column, height, depth + 1)]
        parts = _parts(lines, height)
        if len(parts) > 1:
            return [block for part in parts for block in _blocks(part, height, depth + 1)]
    return [lines]


def _columns(lines: list[RecognizedLine], height: float) -> list[list[RecognizedLine]]:
    """Return the columns of running text from left to right; only one if the lines are something else."""
    columns = _groups(sorted(lines, key=lambda line: line.left), "left", "right", _GUTTER * height)
    return columns if all(_is_running_text(column, height) for column in columns) else [lines]


def _is_running_text(column: list[RecognizedLine], height: float) -> bool:
    return len(column) >= _COLUMN_LINES and median(line.width for line in column) >= _COLUMN_WIDTH * height


def _parts(lines: list[RecognizedLine], height: float) -> list[list[RecognizedLine]]:
    """Cut a page above and below its parts with columns, for example below a title."""
    parts: list[list[RecognizedLine]] = []
    is_plain = False
    for run in _runs(lines, height):
        if len(_columns(run, height)) > 1:
            parts.append(run)
            is_plain = False
        elif is_plain:
            parts[-1] = parts[-1] + run
        else:
            parts.append(run)
            is_plain = True
    return parts


def _runs(lines: list[RecognizedLine], height: float) -> list[list[RecognizedLine]]:
    """Group the rows of a page, from top to bottom: each run has a gutter from its first row to its last, or has none."""
    runs: list[list[RecognizedLine]] = []
    gutters: list[tuple[float, float]] = []
    for band in _groups(sorted(lines, key=lambda line: line.top), "top", "bottom", 0.0):
        gaps = _gaps(band, height)
        common = [gutter for gutter in gutters if not any(_crosses(line, gutter) for line in band)]
        if runs and (common or not (gutters or gaps)):
            runs[-1] += band
            gutters = common
        else:
            runs.append(band)
            gutters = gaps
    return runs


def _gaps(band: list[RecognizedLine], height: float) -> list[tuple[float, float]]:
    """Return the middles of the white spaces between the lines of a band, as intervals of a gutter's width."""
    groups = _groups(sorted(band, key=lambda line: line.left), "left", "right", _GUTTER * height)
    ends = [max(line.right for line in group) for group in groups]
    starts = [min(line.left for line in group) for group in groups]
    middles = [(end + start) / 2 for end, start in zip(ends, starts[1:], strict=False)]
    return [(middle - _GUTTER * height / 2, middle + _GUTTER * height / 2) for middle in middles]


def _crosses(line: RecognizedLine, gutter: tuple[float, float]) -> bool:
    return line.left < gutter[1] and line.right > gutter[0]


def _groups(lines: list[RecognizedLine], start: str, end: str, gap: float) -> list[list[RecognizedLine]]:
    """Group lines, sorted by `start`, at white space of more than `gap` between them along one axis."""
    groups: list[list[RecognizedLine]] = []
    reached = float("-inf")
    for line in lines:
        if getattr(line, start) > reached + gap or not groups:
            groups.append([])
        groups[-1].append(line)
        reached = max(reached, getattr(line, end))
    return groups


def _paragraphs_of_block(lines: list[RecognizedLine], height: float) -> list[str]:
    rows = _rows(lines)
    gaps = [_top(after) - _bottom(before) for before, after in pairwise(rows)]
    usual = median(gap for gap in gaps) if gaps else 0.0
    found = [[_row_text(rows[0], height)]]
    for gap, row in zip(gaps, rows[1:], strict=True):
        if gap > max(usual, 0.0) + _PARAGRAPH_GAP * height:
            found.append([])
        found[-1].append(_row_text(row, height))
    return ["\n".join(paragraph) for paragraph in found]


def _rows(lines: list[RecognizedLine]) -> list[list[RecognizedLine]]:
    """Join the lines whose middles are at the same height."""
    rows: list[list[RecognizedLine]] = []
    for line in sorted(lines, key=lambda line: (line.top + line.bottom) / 2):
        middle = (line.top + line.bottom) / 2
        if rows and middle < _middle(rows[-1]) + 0.5 * min(line.height, rows[-1][-1].height):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _row_text(row: list[RecognizedLine], height: float) -> str:
    text = row[0].text.strip()
    for before, after in pairwise(row):
        text += CELL_SEPARATOR if after.left - before.right > _CELL_GAP * height else " "
        text += after.text.strip()
    return text


def _middle(row: list[RecognizedLine]) -> float:
    return sum((line.top + line.bottom) / 2 for line in row) / len(row)


def _top(row: list[RecognizedLine]) -> float:
    return min(line.top for line in row)


def _bottom(row: list[RecognizedLine]) -> float:
    return max(line.bottom for line in row)
