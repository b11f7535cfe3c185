"""Text that is rotated or in vertical lines."""

import math
import re
from collections.abc import Iterator
from itertools import islice

from ingest.steps.parse.formats.pdf.flow import with_lines
from ingest.steps.parse.formats.pdf.glyphs import Glyphs, read_angles

STACKED = re.compile("(?:[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]\r\n){3}")
"""Characters of vertical lines as pdfium returns them: one on each line."""

_LINE = re.compile("[^\r\n]+")
_SHORT_LINE = re.compile(r"^[^\r\n]{1,6}$", re.MULTILINE)
_MAX_SAMPLES = 40
_QUARTERS = 4


def has_rotated_lines(text: str, page_text: int) -> bool:
    """Return whether the first of the short lines of a page are rotated: pdfium tears rotated text into such lines.

    `page_text` is the address of the text page.
    """
    starts = [match.start() for match in islice(_SHORT_LINE.finditer(text.replace("\r", "\n")), _MAX_SAMPLES)]
    return any(round(angle / (math.pi / 2)) % _QUARTERS for angle in read_angles(page_text, starts))


def upright_parts(glyphs: Glyphs, page_text: int) -> Iterator[Glyphs]:
    """Yield the runs of glyphs with the same rotation, turned upright. `page_text` is the address of the text page."""
    if not _is_any_rotated(glyphs, page_text):
        yield glyphs
        return
    angles = read_angles(page_text, range(len(glyphs.text)))
    start, quarter = 0, 0
    for index, angle in enumerate(angles):
        if glyphs.text[index].isspace() or glyphs.top[index] <= glyphs.bottom[index]:
            continue
        turned = round(angle / (math.pi / 2)) % _QUARTERS if angle else 0
        if turned != quarter:
            yield _turn(glyphs, start, index, quarter)
            start, quarter = index, turned
    yield _turn(glyphs, start, len(glyphs.text), quarter)


def _is_any_rotated(glyphs: Glyphs, page_text: int) -> bool:
    """Return whether the first or last glyph of a line is rotated."""
    ends = [index for match in _LINE.finditer(glyphs.text) for index in (match.start(), match.end() - 1)]
    return any(round(angle / (math.pi / 2)) % _QUARTERS for angle in read_angles(page_text, ends))


def _turn(glyphs: Glyphs, start: int, end: int, quarter: int) -> Glyphs:
    """Return a range of glyphs, turned by quarters of a circle. Text that runs upwards is turned by three."""
    part = slice(start, end)
    left, right, bottom, top = glyphs.left[part], glyphs.right[part], glyphs.bottom[part], glyphs.top[part]
    if quarter == 1:
        left, right, bottom, top = _negated(top), _negated(bottom), left, right
    elif quarter == 2:
        left, right, bottom, top = _negated(right), _negated(left), _negated(top), _negated(bottom)
    elif quarter == 3:
        left, right, bottom, top = bottom, top, _negated(right), _negated(left)
    turned = Glyphs(glyphs.text[part], left, right, bottom, top)
    return with_lines(turned) if quarter else turned


def _negated(values: list[float]) -> list[float]:
    return [-value for value in values]
