"""Glyphs that are drawn twice, a little apart: the bold type and the shadows of some programs."""

import math
from operator import sub

from ingest.steps.parse.formats.pdf.glyphs import Glyphs

MIN_STEP = 0.15
"""The least distance between the starts of two neighbours, as a share of their height. Narrow letters have 0.19."""


def may_have_doubles(glyphs: Glyphs, visible: list[int]) -> bool:
    """Return whether a glyph starts before or right at the start of its neighbour on the left."""
    lefts = [glyphs.left[index] for index in visible]
    steps = filter(None, map(sub, lefts[1:], lefts))
    return min(steps, default=math.inf) < MIN_STEP * glyphs.height(visible[0])


def without_doubles(glyphs: Glyphs, visible: list[int]) -> list[int]:
    """Leave out glyphs that are drawn again a little beside: the bold type and shadows of some programs.

    pdfium leaves out most of them. Both letters of a ligature have the same box, and stay.
    """
    kept: list[int] = []
    places: dict[tuple[str, int], int] = {}
    width = max(1.0, max(map(glyphs.height, visible)) / 4)
    for index in visible:
        character, cell = glyphs.text[index], int(glyphs.left[index] // width)
        near = (places.get((character, place)) for place in (cell - 1, cell, cell + 1))
        if not any(other is not None and _is_double(glyphs, index, other) for other in near):
            kept.append(index)
            places[character, cell] = index
    return kept


def _is_double(glyphs: Glyphs, index: int, other: int) -> bool:
    height = glyphs.height(index)
    width = min(glyphs.right[index] - glyphs.left[index], glyphs.right[other] - glyphs.left[other], height / 4)
    shift = abs(glyphs.left[index] - glyphs.left[other])
    if shift >= 0.6 * width or abs(glyphs.baseline(index) - glyphs.baseline(other)) >= 0.2 * height:
        return False
    return not (index == other + 1 and shift == 0)
