"""Read one page of a PDF: its text layer or OCR, its form fields, annotations and attached files."""

import re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import pypdfium2

from ingest.steps.parse import ocr
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pdf.annotations import (
    annotations,
    attached_file,
    read_annotation,
)
from ingest.steps.parse.formats.pdf.attachments import add_attachment
from ingest.steps.parse.formats.pdf.bidirectional import RIGHT_TO_LEFT
from ingest.steps.parse.formats.pdf.columns import write_rows
from ingest.steps.parse.formats.pdf.directions import STACKED, has_rotated_lines, upright_parts
from ingest.steps.parse.formats.pdf.drawing import is_app_stamp, is_stamp, may_be_stamp, read_drawing
from ingest.steps.parse.formats.pdf.fields import read_field
from ingest.steps.parse.formats.pdf.flow import TORN, with_lines
from ingest.steps.parse.formats.pdf.glyphs import address_of, needs_glyphs, read_glyphs, share_without_unicode
from ingest.steps.parse.formats.pdf.inkboxes import with_font_boxes
from ingest.steps.parse.formats.pdf.legibility import is_legible
from ingest.steps.parse.formats.pdf.repair import join_surrogates, repair_characters
from ingest.steps.parse.formats.pdf.rows import read_rows
from ingest.steps.parse.parsed import ParsedText, normalize_text

Outcome = Literal["read", "ocr", "empty", "failed", "not_read", "illegible"]
"""As in the coverage report. An `illegible` page has a text layer whose codes are not characters."""

OpenRecognizer = Callable[[], "ocr.Recognizer | None"]

_NEEDS_GLYPHS = re.compile(f"{RIGHT_TO_LEFT.pattern}|{STACKED.pattern}")
_SINGLE_LETTERS = re.compile(r" (?:[^\W\d_] ){3}")
"""Letters within a word that `SPACED` finds. Patterns that start with one character are ten times as fast."""


class PageContent(NamedTuple):
    """What was read of a page.

    `text` is its text layer, `fields` and `notes` what its form fields and annotations say. `parts` are texts with
    reports of their own: what OCR read, and attached files.
    """

    outcome: Outcome
    text: str = ""
    fields: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    parts: tuple[ParsedText, ...] = ()
    pictures: int = 0


class TextLayer(NamedTuple):
    """The text layer of a page, and whether it is the page's text (`read`) or not."""

    outcome: Outcome
    text: str
    pictures: int


def read_page(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, part: str, open_recognizer: OpenRecognizer
) -> PageContent:
    """Return what a page says. `part` names the page in warnings. Raises NeedsOcr."""
    layer = _read_text_layer(page)
    outcome, text = layer.outcome, layer.text
    parts: list[ParsedText] = []
    if outcome in ("not_read", "illegible") and (recognizer := open_recognizer()) is not None:
        outcome, text, parts = _recognize(recognizer, page, part, layer)
    fields, notes = _read_annotations(document, page, text, parts)
    return PageContent(outcome, text, fields, notes, tuple(parts), layer.pictures)


def _recognize(
    recognizer: "ocr.Recognizer", page: pypdfium2.PdfPage, part: str, layer: TextLayer
) -> tuple[Outcome, str, list[ParsedText]]:
    """Return the outcome of OCR, the text that stays of the text layer, and the recognised text with its report.

    A scan that shows only the stamp of a scanner's program is empty. Glyphs that say nothing to OCR either stay illegible.
    """
    builder = TextBuilder()
    is_read = recognizer.add_pdf_page(builder, page, part)
    if is_app_stamp(builder.build()):
        return "empty", "", []
    recognized = builder.parsed("pdf")
    if is_read:
        return "ocr", "", [recognized]
    if recognized.report.parts.get("page", {}).get("empty"):
        outcome: Outcome = "illegible" if layer.outcome == "illegible" else "empty"
        return outcome, layer.text, []
    return "ocr", layer.text, [recognized]  # OCR failed, and its report says so


def _read_text_layer(page: pypdfium2.PdfPage) -> TextLayer:
    drawing = read_drawing(page)
    page_text = page.get_textpage()
    try:
        raw = page_text.get_text_range()
        if not raw.strip():
            return TextLayer("empty" if drawing.is_blank else "not_read", "", drawing.pictures)
        if drawing.is_scan and may_be_stamp(raw) and is_stamp(raw, read_glyphs(page_text, raw), page):
            return TextLayer("not_read", "" if is_app_stamp(raw) else normalize_text(raw), drawing.pictures)
        if not is_legible(raw, share_without_unicode(page_text)):
            return TextLayer("illegible", "", drawing.pictures)
        return TextLayer("read", repair_characters(_layout(page_text, raw)), drawing.pictures)
    finally:
        page_text.close()


def _layout(page_text: pypdfium2.PdfTextPage, raw: str) -> str:
    """Return the text of a page in reading order, with its raised and lowered characters."""
    address = address_of(page_text)
    if not (needs_glyphs(page_text, raw) or _is_unusual(raw) or has_rotated_lines(raw, address)):
        return raw.replace("\r\n", "\n").replace("\r", "\n")
    parts = upright_parts(with_font_boxes(read_glyphs(page_text, raw), address), address)
    if TORN.search(raw):
        parts = map(with_lines, parts)
    return join_surrogates("\n".join(filter(None, (write_rows(read_rows(part)) for part in parts))))


def _is_unusual(text: str) -> bool:
    """Return whether a text has letters that run from right to left, vertical lines or scattered letters."""
    if _SINGLE_LETTERS.search(text) or TORN.search(text):
        return True
    return not text.isascii() and _NEEDS_GLYPHS.search(text) is not None


def _read_annotations(
    document: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, text: str, parts: list[ParsedText]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of the form fields and the notes of a page, and add its attached files to `parts`."""
    fields: dict[str, None] = {}
    notes: dict[str, None] = {}
    for number, annotation in enumerate(annotations(page), 1):
        if document.formenv is not None and (line := read_field(document.formenv, annotation)):
            fields[normalize_text(line)] = None
        if note := read_annotation(annotation, text):
            notes[normalize_text(str(note))] = None
        if (attachment := attached_file(annotation)) is not None:
            parts.append(_read_attachment(attachment, f"attachment {number}"))
    return tuple(fields), tuple(notes)


def _read_attachment(attachment: Any, unnamed: str) -> ParsedText:
    builder = TextBuilder()
    add_attachment(builder, attachment, unnamed)
    return builder.parsed("pdf")
