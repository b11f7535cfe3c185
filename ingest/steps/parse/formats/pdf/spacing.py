"""Words whose letters are far apart."""

import re
from itertools import pairwise

from ingest.steps.parse.formats.pdf.glyphs import Glyphs

SPACED = re.compile(r"(?:\b[^\W\d_] ){4}[^\W\d_]\b")
"""A word whose letters are so far apart that pdfium returns spaces between them."""


def write_spaced(glyphs: Glyphs, part: list[int], height: float) -> str:
    """Return the text of a segment whose letters are spaced: wider gaps are its spaces."""
    gaps = [glyphs.left[index] - glyphs.right[before] for before, index in pairwise(part)]
    usual = sorted(gaps)[len(gaps) // 2]
    least = max(1.8 * usual, usual + 0.15 * height)
    spaces = ["", *(" " if gap > least else "" for gap in gaps)]
    return "".join(space + glyphs.text[index] for space, index in zip(spaces, part, strict=True))
