"""The rows of a PDF page: runs of text side by side, with their raised and lowered characters."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from operator import sub
from typing import NamedTuple

from ingest.steps.parse.formats.pdf.bidirectional import RIGHT_TO_LEFT, is_right_to_left, read_line, split_runs
from ingest.steps.parse.formats.pdf.doubles import MIN_STEP, may_have_doubles, without_doubles
from ingest.steps.parse.formats.pdf.glyphs import Glyphs
from ingest.steps.parse.formats.pdf.scripts import write_lowered, write_raised
from ingest.steps.parse.formats.pdf.spacing import SPACED, write_spaced

_SEGMENT_GAP = 0.75
_WORD_GAP = 0.17
_MAX_STEP_BACK = 2.0
"""Shares of the height of a row, which is about 1.2 times the font size."""

_USUAL = 0.3  # of the glyphs of a row: in formulas, most of them may be raised or lowered
_SMALL = 0.85
_RAISED = 0.14
_LOWERED = 0.06
_MAX_SHIFT = 0.5
_MAX_CLIMB = 0.3
"""Shares of the height of a row that tell a raised or lowered character from a smaller one on the baseline."""

_GRID_TOLERANCE = 0.03
_GRID_SAMPLE = 12

_STACKED = re.compile("[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
_MARK_BEFORE_NUMBER = re.compile(r"[.,:;!?]\d")
_LINE = re.compile("[^\r\n\ufffe]+\ufffe?|\ufffe")
_HYPHEN_AT_END = "\ufffe"


class Line(NamedTuple):
    """A line as pdfium reads it, and the indexes of its glyphs that are not spaces."""

    text: str
    visible: list[int]


class Segment(NamedTuple):
    """A run of text in a row, without wide gaps."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        return self.top - self.bottom


Row = list[Segment]


def read_rows(glyphs: Glyphs) -> list[Row]:
    """Return the rows in the order of the page's content, and their segments from left to right.

    Some programs draw the last line of a page first, and so does pdfium with rotated text: such rows are turned over.
    """
    is_page_backwards = is_right_to_left(glyphs.text)
    rows = [row for lines in _merged_lines(glyphs) if (row := _read_row(glyphs, lines, is_page_backwards))]
    if len(rows) > 1 and all(
        below[0].bottom > above[0].bottom + above[0].height / 2 for above, below in pairwise(rows)
    ):
        rows.reverse()
    return _with_vertical_lines(rows)


def _merged_lines(glyphs: Glyphs) -> Iterator[list[Line]]:
    """Yield the lines of each row. pdfium ends a line behind raised text and between columns of different fonts."""
    row: list[Line] = []
    for match in _LINE.finditer(glyphs.text):
        visible = glyphs.visible(*match.span())
        is_alone = not row or not visible or not row[-1].visible  # glyphs without height are rotated
        if is_alone or not _continues(glyphs, row[-1].visible, visible[0]):
            if row:
                yield row
            row = []
        row.append(Line(match[0].strip(), visible))
    if row:
        yield row


def _with_vertical_lines(rows: list[Row]) -> list[Row]:
    """Join the characters of vertical lines, which are one below the other."""
    joined: list[Row] = []
    for row in rows:
        if joined and len(row) == 1 and len(joined[-1]) == 1 and _is_below(joined[-1][0], row[0]):
            above, below = joined[-1][0], row[0]
            joined[-1] = [Segment(above.text + below.text, above.left, above.right, below.bottom, below.top)]
        else:
            joined.append(row)
    return joined


def _is_below(above: Segment, below: Segment) -> bool:
    if len(below.text) > 2 or not _STACKED.match(below.text) or not _STACKED.match(above.text):
        return False
    distance = above.top - below.top
    return abs(above.left - below.left) < 0.5 * below.height and 0.6 * below.height < distance < 1.6 * below.height


def _continues(glyphs: Glyphs, line: list[int], first: int) -> bool:
    """Return whether the glyph `first` is on the right of a line, at the same height."""
    last = line[-1]
    if glyphs.text[last] == _HYPHEN_AT_END:
        return False
    tallest = max(line[-8:], key=glyphs.height)
    smaller, larger = sorted((glyphs.height(tallest), glyphs.height(first)))
    if smaller < 0.4 * larger or abs(glyphs.baseline(tallest) - glyphs.baseline(first)) > _MAX_SHIFT * larger:
        return False
    return glyphs.left[first] > glyphs.right[last] - 0.3 * larger


def _read_row(glyphs: Glyphs, lines: list[Line], is_page_backwards: bool) -> Row:
    visible = [index for line in lines for index in line.visible]
    text = " ".join(line.text for line in lines)
    if not visible:
        return [Segment(text, 0, 0, 0, 0)] if text else []
    if RIGHT_TO_LEFT.search(text):
        if _is_horizontal(glyphs, text, visible):
            text = _read_both_directions(glyphs, text, visible, is_page_backwards)
        return [_segment(text, glyphs, visible)]
    if is_page_backwards and _MARK_BEFORE_NUMBER.match(text):
        return [_segment(read_line(glyphs, visible), glyphs, visible)]
    if (len(lines) == 1 and _is_plain(glyphs, text, visible)) or not _is_horizontal(glyphs, text, visible):
        return [_segment(text, glyphs, visible)]
    single = without_doubles(glyphs, visible) if may_have_doubles(glyphs, visible) else visible
    pitch = _uniform_pitch(glyphs, single)
    height = _usual_height(glyphs, single)
    parts = _split(glyphs, single, height)
    segments = [_segment(_write(glyphs, part, height, pitch), glyphs, part) for part in parts]
    return sorted(segments, key=lambda segment: segment.left)


def _usual_height(glyphs: Glyphs, visible: list[int]) -> float:
    """Return the greatest of the heights that many glyphs of a row have."""
    heights = Counter([round(glyphs.top[index] - glyphs.bottom[index], 1) for index in visible])
    return max(value for value in heights if heights[value] >= min(_USUAL * len(visible), max(heights.values())))


def _read_both_directions(glyphs: Glyphs, text: str, visible: list[int], is_page_backwards: bool) -> str:
    """Return a line with letters that run from right to left."""
    if is_page_backwards or is_right_to_left(text):
        return read_line(glyphs, visible)
    height = _usual_height(glyphs, visible)
    pieces: list[str] = []
    end = visible[0]
    for is_backwards, part in split_runs(glyphs, visible):
        pieces.append(" " if glyphs.text[end : part[0]].isspace() else "")
        pieces.append(read_line(glyphs, part) if is_backwards else _write(glyphs, part, height, 0))
        end = max(part) + 1
    return "".join(pieces)


def _is_horizontal(glyphs: Glyphs, text: str, visible: list[int]) -> bool:
    """Return whether all glyphs are upright, on one baseline. The text of others stays as pdfium returned it."""
    if len(visible) != len(text) - sum(map(str.isspace, text)):
        return False
    left, bottom = glyphs.left, glyphs.bottom
    back = [pair for pair in pairwise(visible) if left[pair[1]] < left[pair[0]]]
    return not any(abs(bottom[index] - bottom[before]) > _MAX_CLIMB * glyphs.height(before) for before, index in back)


def _is_plain(glyphs: Glyphs, text: str, visible: list[int]) -> bool:
    """Return whether a line is one run of text in about one size, without wide gaps and doubled glyphs."""
    left, right = glyphs.left, glyphs.right
    lefts = [left[index] for index in visible]
    heights = set(map(sub, [glyphs.top[index] for index in visible], [glyphs.bottom[index] for index in visible]))
    height = max(heights)
    if min(heights) < _SMALL * height:
        return False
    gaps = list(map(sub, lefts[1:], [right[index] for index in visible]))
    if gaps and (max(gaps) > _SEGMENT_GAP * height or min(gaps) < -_MAX_STEP_BACK * height):
        return False
    steps = list(map(sub, lefts[1:], lefts))
    least = min(filter(None, steps), default=height)  # the letters of a ligature have the same place
    return least >= MIN_STEP * height and not _may_be_grid(steps[:_GRID_SAMPLE]) and not SPACED.search(text)


def _may_be_grid(steps: list[float]) -> bool:
    usual = sorted(steps)[len(steps) // 2] if len(steps) > 2 else 0
    return usual > 0 and sum(abs(step - usual) < _GRID_TOLERANCE * usual for step in steps) * 2 > len(steps)


def _segment(text: str, glyphs: Glyphs, indexes: list[int]) -> Segment:
    return Segment(
        text,
        min([glyphs.left[index] for index in indexes]),
        max([glyphs.right[index] for index in indexes]),
        min([glyphs.bottom[index] for index in indexes]),
        max([glyphs.top[index] for index in indexes]),
    )


def _split(glyphs: Glyphs, visible: list[int], height: float) -> Iterator[list[int]]:
    """Yield the visible glyphs between wide gaps."""
    left, right = glyphs.left, glyphs.right
    most, least = _SEGMENT_GAP * height, -_MAX_STEP_BACK * height
    start = 0
    for place, (before, index) in enumerate(pairwise(visible), 1):
        if not least <= left[index] - right[before] <= most:
            yield visible[start:place]
            start = place
    yield visible[start:]


def _uniform_pitch(glyphs: Glyphs, visible: list[int]) -> float:
    """Return the distance of glyphs that are placed on a grid, or 0."""
    steps = [glyphs.left[index] - glyphs.left[before] for before, index in pairwise(visible)]
    if not _may_be_grid(steps[:_GRID_SAMPLE]):
        return 0
    pitch = sorted(steps)[len(steps) // 2]
    if pitch <= 0:
        return 0
    on_grid = sum(abs(step / pitch - round(step / pitch)) < _GRID_TOLERANCE and step > 0 for step in steps)
    return pitch if on_grid >= 0.9 * len(steps) else 0


def _write(glyphs: Glyphs, part: list[int], height: float, pitch: float) -> str:
    """Return the text of a segment, with its spaces and its raised and lowered runs."""
    levels = _levels(glyphs, part, height)
    if not (pitch or any(levels)) and (text := _plain_text(glyphs, part)) is not None:
        return text
    pieces: list[str] = []
    run: list[str] = []
    level, before = 0, part[0]
    for index, new_level in zip(part, levels, strict=True):
        if new_level != level:
            pieces.append(_write_run(run, level, pieces))
            run, level = [], new_level
        if index != before and (index > before + 1 or pitch) and _has_space(glyphs, before, index, height, pitch):
            run.append(" ")
        run.append(glyphs.text[index])
        before = index
    pieces.append(_write_run(run, level, pieces))
    text = "".join(pieces)
    return write_spaced(glyphs, part, height) if SPACED.search(text) else text


def _plain_text(glyphs: Glyphs, part: list[int]) -> str | None:
    """Return the text of a segment whose glyphs follow each other as in the text of the page, or None."""
    text = glyphs.text[part[0] : part[-1] + 1]
    words = text.split()
    if sum(map(len, words)) != len(part) or "\n" in text or SPACED.search(text):
        return None
    return " ".join(words)


def _levels(glyphs: Glyphs, part: list[int], height: float) -> list[int]:
    """Return for each glyph whether it is raised (1) or lowered (-1)."""
    bottom, top, least = glyphs.bottom, glyphs.top, _SMALL * height
    tall = [index for index in part if top[index] - bottom[index] >= least]
    if len(tall) in (0, len(part)):
        return [0] * len(part)
    levels, baseline = [], glyphs.baseline(tall[0])
    for index in part:
        if top[index] - bottom[index] >= least:
            baseline = glyphs.baseline(index)
            levels.append(0)
        else:
            levels.append(_level((glyphs.baseline(index) - baseline) / height))
    return levels


def _level(shift: float) -> int:
    return 1 if shift > _RAISED else -1 if shift < -_LOWERED else 0


def _write_run(run: list[str], level: int, pieces: list[str]) -> str:
    text = "".join(run)
    if not level or not text:
        return text
    space = " " if text.startswith(" ") else ""
    before = pieces[-1] if pieces else ""
    return space + (write_raised if level > 0 else write_lowered)(text.strip(), "" if space else before)


def _has_space(glyphs: Glyphs, before: int, index: int, height: float, pitch: float) -> bool:
    """Return whether a space separates two neighbours.

    Trust pdfium, except for glyphs on a grid, where a space is an empty place, and for glyphs of different lines.
    """
    between = glyphs.text[before + 1 : index]
    if pitch and not any(glyphs.top[i] > glyphs.bottom[i] for i in range(before + 1, index) if glyphs.text[i] == " "):
        return glyphs.left[index] - glyphs.left[before] > 1.5 * pitch
    is_known = between.isspace() and "\n" not in between
    if between and not is_known:  # another line, or doubled glyphs
        gap = glyphs.left[index] - glyphs.right[before]
        return gap > _WORD_GAP * min(height, max(glyphs.height(before), glyphs.height(index)))
    return is_known
