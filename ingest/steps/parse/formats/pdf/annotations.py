"""Annotations of a PDF page: comments, typed text, stamps, and the files attached to it (ISO 32000-2, 12.5)."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.pdf.strings import one_line, read_string

MAX_ANNOTATIONS = 10_000
"""Annotations that are read of one page."""

_WITHOUT_TEXT = frozenset(
    {
        pdfium.FPDF_ANNOT_LINK,  # describes where the link goes, for screen readers
        pdfium.FPDF_ANNOT_POPUP,  # repeats the text of the annotation it belongs to
        pdfium.FPDF_ANNOT_WIDGET,  # a form field
        pdfium.FPDF_ANNOT_XFAWIDGET,
        pdfium.FPDF_ANNOT_PRINTERMARK,
        pdfium.FPDF_ANNOT_TRAPNET,
    }
)
_TYPED = (pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_STAMP, pdfium.FPDF_ANNOT_WATERMARK)


class Annotation(NamedTuple):
    """What an annotation says. Typed text is on the page for every reader; other text is a comment by `author`."""

    text: str
    author: str
    is_typed: bool

    def __str__(self) -> str:
        if self.is_typed:
            return self.text
        return f"Comment by {self.author}: {self.text}" if self.author else f"Comment: {self.text}"


def annotations(page: pypdfium2.PdfPage) -> Iterator[Any]:
    """Yield the handles of a page's annotations, each until the next one."""
    for number in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        with _annotation(page, number) as annotation:
            if annotation:
                yield annotation


@contextmanager
def _annotation(page: pypdfium2.PdfPage, number: int) -> Iterator[Any]:
    annotation = pdfium.FPDFPage_GetAnnot(page, number)
    try:
        yield annotation
    finally:
        if annotation:
            pdfium.FPDFPage_CloseAnnot(annotation)


def read_annotation(annotation: Any, page_text: str) -> Annotation | None:
    """Return what an annotation says, or None if that is nothing, or a copy of what is on the page."""
    kind = pdfium.FPDFAnnot_GetSubtype(annotation)
    if kind in _WITHOUT_TEXT:
        return None
    text = _contents(annotation)
    if not text or _is_copy(text, page_text):
        return None
    author = one_line(read_string(pdfium.FPDFAnnot_GetStringValue, annotation, b"T"))
    return Annotation(text, author, kind in _TYPED)


def _contents(annotation: Any) -> str:
    """Return the text of an annotation: its contents, else its rich text, else the text over a redaction."""
    for key in (b"Contents", b"RC", b"OverlayText"):
        text = read_string(pdfium.FPDFAnnot_GetStringValue, annotation, key).replace("\r\n", "\n").replace("\r", "\n")
        if key == b"RC":
            text = _plain(text)
        if text.strip():
            return text.strip()
    return ""


def _plain(rich_text: str) -> str:
    """Return rich text, which is XHTML, as plain text."""
    if "<" not in rich_text:
        return unescape(rich_text)
    from lxml import etree

    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(rich_text.encode(), parser)
    return "" if root is None else "\n".join(filter(None, map(one_line, root.itertext())))


def _is_copy(text: str, page_text: str) -> bool:
    """Return whether the page has the text already: some programs copy marked text into the comment."""
    text = one_line(text)
    return len(text) > 20 and text in one_line(page_text)


def attached_file(annotation: Any) -> Any | None:
    """Return the handle of the file that is attached to an annotation, if there is one."""
    if pdfium.FPDFAnnot_GetSubtype(annotation) != pdfium.FPDF_ANNOT_FILEATTACHMENT:
        return None
    attachment = pdfium.FPDFAnnot_GetFileAttachment(annotation)
    return attachment if ctypes.cast(attachment, ctypes.c_void_p).value else None
