"""The characters of a PDF page with their boxes.

A call into pdfium takes about as long as pdfium needs for the text of ten characters, so pages are first judged by the
boxes of their runs, of which there are a tenth as many (`needs_glyphs`).
"""

import ctypes
import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import repeat
from operator import gt
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

_WIDE_GAP = 1.2
_MIN_STEP = 0.2
"""Shares of the height of a run: a gap that may be a gutter, and the distance of a glyph from its shadow."""

_MAX_RUNS_PER_GLYPH = 0.4
_MAX_SHORT = 0.35
"""Shares of runs and of words of one or two letters: more show that glyphs are placed singly, and spaces are guessed."""

_RUNS_AT_ONCE = 256
_MIN_TALL = 24.0  # points; single letters are not as high
_SHORT_WORD = re.compile(r"(?<!\S)[^\W\d_]{1,2}(?!\S)")
DESCENT = 0.2  # of the height of a font, below its baseline
_BOX_BYTES = ctypes.sizeof(pdfium.FS_RECTF)


def prototype(function: Any, *arguments: Any, result: Any = ctypes.c_int) -> Any:
    """Return a pdfium function that takes addresses as integers: pypdfium2's checks cost more than most calls."""
    address = ctypes.cast(function, ctypes.c_void_p).value or 0
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p, *arguments)(address)


_loose_box = prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_void_p)
_run_box = prototype(pdfium.FPDFText_GetRect, ctypes.c_int, *[ctypes.c_void_p] * 4)
_unicode = prototype(pdfium.FPDFText_GetUnicode, ctypes.c_int)
_has_no_unicode = prototype(pdfium.FPDFText_HasUnicodeMapError, ctypes.c_int)
_is_generated = prototype(pdfium.FPDFText_IsGenerated, ctypes.c_int)

_angle = prototype(pdfium.FPDFText_GetCharAngle, ctypes.c_int, result=ctypes.c_float)


_Run = tuple[float, float, float, float]
"""Left, bottom, right and top of the ink of a run."""


class Glyphs(NamedTuple):
    """The characters of a page and their boxes in points; the y axis points upwards.

    Boxes are as high as the font, on its baseline, and as wide as the advance. Those of spaces and line ends that pdfium
    generated have no height.
    """

    text: str
    left: list[float]
    right: list[float]
    bottom: list[float]
    top: list[float]

    def visible(self, start: int, end: int) -> list[int]:
        """Return the indexes of the glyphs in a range that are not spaces."""
        top, bottom, text = self.top[start:end], self.bottom[start:end], self.text[start:end]
        marks = map(gt, top, bottom)
        return [
            index
            for index, mark, letter in zip(range(start, end), marks, text, strict=True)
            if mark and letter > " " and not letter.isspace()
        ]

    def height(self, index: int) -> float:
        """Return the height of a glyph's font."""
        return self.top[index] - self.bottom[index]

    def baseline(self, index: int) -> float:
        """Return the height above the page's origin of the line that a glyph is on."""
        return self.bottom[index] + DESCENT * (self.top[index] - self.bottom[index])


def read_glyphs(page_text: pypdfium2.PdfTextPage, text: str) -> Glyphs:
    """Return the characters of a page. `text` is what pdfium returned for the whole page."""
    handle, count = address_of(page_text), page_text.count_chars()
    if len(text) != count:  # pdfium leaves characters without a code out of the text
        text = "".join(map(_character, map(_unicode, repeat(handle), range(count))))
    if not count:
        return Glyphs("", [], [], [], [])
    boxes = (pdfium.FS_RECTF * count)()
    first = ctypes.addressof(boxes)
    addresses = range(first, first + count * _BOX_BYTES, _BOX_BYTES)
    deque(map(_loose_box, repeat(handle), range(count), addresses), maxlen=0)
    values: list[float] = list(memoryview(boxes).cast("B").cast("f"))
    left, top, right, bottom = (values[field::4] for field in range(4))  # the order of FS_RECTF
    return Glyphs(text, left, right, bottom, top)


def read_angles(handle: int, indexes: Iterable[int]) -> list[float]:
    """Return the rotation of glyphs in radians, clockwise."""
    return list(map(_angle, repeat(handle), indexes))


def _character(code: int) -> str:
    """Return one character, which is always one character long: beyond U+FFFF pdfium has surrogates in pairs."""
    if code == 2:  # as in the text of a page, the hyphen at a line end
        return "\ufffe"
    return chr(code) if 0 < code < 0x110000 else "\uffff"


def needs_glyphs(page_text: pypdfium2.PdfTextPage, text: str) -> bool:
    """Return whether runs of the page are side by side, raised, lowered, rotated, drawn twice or scattered glyphs."""
    handle, count = address_of(page_text), page_text.count_rects()
    if count > _MAX_RUNS_PER_GLYPH * len(text) and len(_SHORT_WORD.findall(text)) > _MAX_SHORT * len(text.split()):
        return True
    return any(_are_conspicuous(_run_boxes(handle, start, count)) for start in range(0, count, _RUNS_AT_ONCE))


def _run_boxes(handle: int, start: int, count: int) -> Iterator[_Run]:
    """Return the boxes of the runs from the one before `start` on."""
    numbers = range(max(0, start - 1), min(count, start + _RUNS_AT_ONCE))
    values = (ctypes.c_double * (4 * len(numbers)))()
    first = ctypes.addressof(values)
    left, top, right, bottom = (range(first + place, first + 32 * len(numbers), 32) for place in (0, 8, 16, 24))
    deque(map(_run_box, repeat(handle), numbers, left, top, right, bottom), maxlen=0)
    found: list[float] = list(values)
    return zip(found[0::4], found[3::4], found[2::4], found[1::4], strict=True)


def _are_conspicuous(runs: Iterable[_Run]) -> bool:
    """Return whether a run beside another one is far away, too near, raised, lowered or rotated.

    Pages may have a run for each glyph: the loop has no calls for neighbours of the same height on the same line.
    """
    before = (0.0, 0.0, 0.0, 0.0)
    last_height = 0.0
    for run in runs:
        left, bottom, right, top = run
        height = top - bottom
        if height > _MIN_TALL and height > 2.5 * (right - left):
            return True
        most, least = (height, last_height) if height > last_height else (last_height, height)
        gap = left - before[2]
        overlap = (top if top < before[3] else before[3]) - (bottom if bottom > before[1] else before[1])
        if overlap <= 0.3 * least:  # one below the other, or raised beside it
            if last_height and -0.1 * most <= gap < 0.5 * most and 0 < bottom - before[1] < 1.4 * most:
                return True
        elif (
            gap > _WIDE_GAP * most
            or left < before[0] + _MIN_STEP * most
            or (
                height != last_height
                and gap < 0.5 * most
                and (_is_raised(before, run) or _is_raised(run, before) or _is_lowered(before, run))
            )
        ):
            return True
        before, last_height = run, height
    return False


def _is_raised(run: _Run, other: _Run) -> bool:
    """Return whether a run may be raised beside the other one. Hyphens and quotes are too flat."""
    height = run[3] - run[1]
    return (
        other[1] > run[1] + 0.33 * height and other[3] > run[3] - 0.15 * height and other[3] - other[1] > 0.3 * height
    )


def _is_lowered(run: _Run, other: _Run) -> bool:
    """Return whether a run may be lowered beside the other one. Commas are too flat."""
    height = run[3] - run[1]
    return (
        other[1] < run[1] - 0.1 * height
        and other[3] < run[3] - 0.1 * height
        and 0.5 * height < other[3] - other[1] < 0.9 * height
    )


def share_without_unicode(page_text: pypdfium2.PdfTextPage, max_samples: int = 64) -> float:
    """Return the share of the characters whose font does not say which characters they are."""
    handle, count = address_of(page_text), page_text.count_chars()
    step = max(1, count // max_samples)
    indexes = [index for index in range(0, count, step) if not _is_generated(handle, index)]
    return len([index for index in indexes if _has_no_unicode(handle, index) > 0]) / max(1, len(indexes))


def address_of(pdfium_object: Any) -> int:
    """Return the address of an open pdfium object."""
    return ctypes.cast(pdfium_object.raw, ctypes.c_void_p).value or 0
