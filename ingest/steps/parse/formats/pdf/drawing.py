"""What a PDF page shows besides text: tell a scan and text drawn as curves from a blank page."""

import ctypes
from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.pdf.glyphs import Glyphs, address_of, prototype

_MAX_OBJECTS = 20_000
_MAX_DEPTH = 5
_FULL_PAGE = 0.5  # a scan may have white borders that are not part of its picture
_PICTURE = 0.01
_MIN_CURVES = 20
_MAX_STAMP_CHARACTERS = 120
_MARGIN = 0.12
"""Shares of a page: the area of a scan and of a picture that counts, and the margins where scanners put their stamps."""

_SCANNER = ("scanned", "scanner", "camscan", "genius scan", "adobe scan", "scanbot", "digitized by", "digitised by")
_APP_STAMP_CHARACTERS = 60


_page_object = prototype(pdfium.FPDFPage_GetObject, ctypes.c_int, result=ctypes.c_void_p)
_form_object = prototype(pdfium.FPDFFormObj_GetObject, ctypes.c_ulong, result=ctypes.c_void_p)
_count_of_page = prototype(pdfium.FPDFPage_CountObjects)
_count_of_form = prototype(pdfium.FPDFFormObj_CountObjects)
_kind = prototype(pdfium.FPDFPageObj_GetType)
_bounds = prototype(pdfium.FPDFPageObj_GetBounds, *[ctypes.c_void_p] * 4)


class Drawing(NamedTuple):
    """`pictures` counts the pictures, `covered` is their share of the page's area, `curves` counts drawn paths."""

    pictures: int
    covered: float
    curves: int

    @property
    def is_blank(self) -> bool:
        """Return whether there is nothing that could show text."""
        return self.covered < _PICTURE and self.curves < _MIN_CURVES

    @property
    def is_scan(self) -> bool:
        """Return whether pictures cover most of the page."""
        return self.covered >= _FULL_PAGE


def read_drawing(page: pypdfium2.PdfPage) -> Drawing:
    """Return what a page shows besides text."""
    width, height = page.get_size()
    pictures, curves, covered = 0, 0, 0.0
    for items, kinds in _objects(page):
        curves += kinds.count(pdfium.FPDF_PAGEOBJ_PATH) + kinds.count(pdfium.FPDF_PAGEOBJ_SHADING)
        if number := kinds.count(pdfium.FPDF_PAGEOBJ_IMAGE):
            pictures += number
            covered += sum(map(_area, _of_kind(pdfium.FPDF_PAGEOBJ_IMAGE, items, kinds)))
    return Drawing(pictures, min(1.0, covered / max(1.0, width * height)), curves)


def _objects(page: pypdfium2.PdfPage) -> Iterator[tuple[list[int], list[int]]]:
    """Yield the addresses and the kinds of the objects of a page, and of the forms in it."""
    budget = _MAX_OBJECTS
    waiting = [(_page_object, address_of(page), _count_of_page(address_of(page)), 0)]
    while waiting and budget > 0:
        get, container, count, depth = waiting.pop()
        items = list(map(get, repeat(container), range(min(count, budget))))
        kinds = list(map(_kind, items))
        budget -= len(items)
        if depth < _MAX_DEPTH and pdfium.FPDF_PAGEOBJ_FORM in kinds:
            forms = _of_kind(pdfium.FPDF_PAGEOBJ_FORM, items, kinds)
            waiting += [(_form_object, form, _count_of_form(form), depth + 1) for form in forms]
        yield items, kinds


def _of_kind(kind: int, items: list[int], kinds: list[int]) -> list[int]:
    return [item for item, its_kind in zip(items, kinds, strict=True) if its_kind == kind]


def _area(item: int) -> float:
    """Return the area of an object in square points; inside forms, in the units of the form."""
    bounds = (ctypes.c_float * 4)()
    start = ctypes.addressof(bounds)
    if not _bounds(item, start, start + 4, start + 8, start + 12):
        return 0.0
    left, bottom, right, top = bounds
    return float(max(0.0, right - left) * max(0.0, top - bottom))


def may_be_stamp(text: str) -> bool:
    """Return whether a text is short enough for the stamp of a scanner."""
    return sum(map(len, text.split())) <= _MAX_STAMP_CHARACTERS


def is_stamp(text: str, glyphs: Glyphs, page: pypdfium2.PdfPage) -> bool:
    """Return whether the only text of a scanned page is a stamp: in the margins, or the name of a scanner's program."""
    if is_app_stamp(text):
        return True
    left, bottom, right, top = page.get_bbox()
    low, high = bottom + _MARGIN * (top - bottom), top - _MARGIN * (top - bottom)
    near, far = left + _MARGIN * (right - left), right - _MARGIN * (right - left)
    return all(
        glyphs.top[index] <= low
        or glyphs.bottom[index] >= high
        or glyphs.right[index] <= near
        or glyphs.left[index] >= far
        for index in glyphs.visible(0, len(glyphs.text))
    )


def is_app_stamp(text: str) -> bool:
    """Return whether a text is the name of a scanner's program, which says nothing about the page."""
    text = " ".join(text.casefold().split())
    return len(text) <= _APP_STAMP_CHARACTERS and any(name in text for name in _SCANNER)
