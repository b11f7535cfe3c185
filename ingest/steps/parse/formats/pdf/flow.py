"""Lines and spaces by the places of the glyphs, where pdfium takes lines for columns of characters.

pdfium judges by the whole page whether text runs across or down. On pages with many short or rotated lines it is
wrong: it ends a line behind each character, and leaves out spaces.
"""

import re
from itertools import pairwise

from ingest.steps.parse.formats.pdf.glyphs import Glyphs

TORN = re.compile(r"\n(?:[^\r\n]{1,2}\r\n){5}")
"""Lines of one or two characters, one below the other."""

_SPACE = 0.12
_NEW_LINE = 0.5
_STEP_BACK = 0.5
"""Shares of the height of a glyph: the gap that is a space, and the steps down and back to the next line."""


def with_lines(glyphs: Glyphs) -> Glyphs:
    """Return the upright glyphs of a page with line ends and spaces where their places show them."""
    visible = glyphs.visible(0, len(glyphs.text))
    if not visible:
        return glyphs
    places, separators = visible[:1], [""]
    for before, index in pairwise(visible):
        separators.append(_separator(glyphs, before, index))
        places.append(index)
    text: list[str] = []
    sources: list[int] = []
    for separator, index in zip(separators, places, strict=True):
        if separator:
            text.append(separator)
            sources.append(sources[-1])
        text.append(glyphs.text[index])
        sources.append(index)
    left, right, bottom, top = ([values[index] for index in sources] for values in glyphs[1:])
    return Glyphs("".join(text), left, right, bottom, top)


def _separator(glyphs: Glyphs, before: int, index: int) -> str:
    """Return what is between two neighbours: a line end, a space or nothing."""
    if glyphs.left[index] == glyphs.left[before] and glyphs.bottom[index] == glyphs.bottom[before]:
        return ""  # a ligature or a pair of surrogates
    height = max(glyphs.height(before), glyphs.height(index))
    gap = glyphs.left[index] - glyphs.right[before]
    if abs(glyphs.baseline(index) - glyphs.baseline(before)) > _NEW_LINE * height or gap < -_STEP_BACK * height:
        return "\n"
    is_space_drawn = any(
        glyphs.text[place] == " " and glyphs.top[place] > glyphs.bottom[place] for place in range(before + 1, index)
    )
    return " " if is_space_drawn or gap > _SPACE * height else ""
