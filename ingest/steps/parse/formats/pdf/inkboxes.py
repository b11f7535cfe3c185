"""Boxes of glyphs whose font does not give its ascent and descent.

pdfium returns the boxes of their ink instead, or boxes without a descent. LibreOffice 7.4 writes all of its fonts so,
and Chromium those that it turns into outlines.
"""

import ctypes
import math
from itertools import islice, pairwise
from statistics import median

import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.pdf.glyphs import DESCENT, Glyphs, prototype, read_angles

_MAX_SAMPLES = 32
_MAX_ERROR = 0.12
"""The share of a box's height by which its baseline may differ from that of the font."""

_HEIGHT = 1.2  # of a box, as a multiple of the font size

_origin = prototype(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, *[ctypes.c_void_p] * 2)
_font_size = prototype(pdfium.FPDFText_GetFontSize, ctypes.c_int, result=ctypes.c_double)
_matrix = prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, ctypes.c_void_p)


def with_font_boxes(glyphs: Glyphs, page_text: int) -> Glyphs:
    """Return the glyphs of a page with boxes as high as their fonts. `page_text` is the address of the text page."""
    visible = glyphs.visible(0, len(glyphs.text))
    samples = list(islice(visible, 0, None, max(1, len(visible) // _MAX_SAMPLES)))
    if not samples or any(read_angles(page_text, samples)) or not _are_of_ink(glyphs, page_text, samples):
        return glyphs
    bottom, top = list(glyphs.bottom), list(glyphs.top)
    place = (ctypes.c_double * 2)()
    start = ctypes.addressof(place)
    size, scale = 0.0, 1.0
    for before, index in pairwise([-2, *visible]):
        _origin(page_text, index, start, start + 8)
        if (new_size := _font_size(page_text, index)) != size or index != before + 1:
            size, scale = new_size, _scale(page_text, index)
        height = _HEIGHT * size * scale
        bottom[index] = place[1] - DESCENT * height
        top[index] = bottom[index] + height
    return glyphs._replace(bottom=bottom, top=top)


def _are_of_ink(glyphs: Glyphs, page_text: int, samples: list[int]) -> bool:
    """Return whether the baselines of boxes are not where those of fonts are."""
    place = (ctypes.c_double * 2)()
    start = ctypes.addressof(place)
    errors = []
    for index in samples:
        _origin(page_text, index, start, start + 8)
        errors.append(abs(glyphs.baseline(index) - place[1]) / glyphs.height(index))
    return median(errors) > _MAX_ERROR


def _scale(page_text: int, index: int) -> float:
    """Return by how much the text matrix makes a glyph higher than its font size."""
    matrix = pdfium.FS_MATRIX()
    if not _matrix(page_text, index, ctypes.addressof(matrix)):
        return 1.0
    return math.hypot(matrix.c, matrix.d) or 1.0
