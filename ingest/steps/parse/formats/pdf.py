"""PDF: the text layer and filled form fields, page by page."""

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText, normalize_text

_NO_TEXT_LAYER_MESSAGE = (
    "The PDF has no text layer (it was scanned), and OCR is not configured. Upload a version with recognised text."
)
_FIELDS_WITH_TEXT = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_COMBINING = {"´": "\u0301", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˚": "\u030a", "¯": "\u0304"}
# TeX draws an accent and then the letter below it. pdfium returns the accent on its own, often on its own line.
_ACCENT_THEN_LETTER = re.compile(r"\n?([´¨ˆ˜ˇ˚¯])\n?([A-Za-zı])")
_LONE_MARK = re.compile(r"(?<=\w)\n([\u0300-\u036f]+)\n?")
_HYPHENATED = re.compile("[\ufffe\u0002]\n?")  # pdfium marks a word that it joined across a line end
_NONCHARACTERS = re.compile("[\uffff\ufffe]")


def read(path: Path) -> ParsedText:
    """Return the text of a PDF and the offset of each page.

    Raises InvalidFile for an encrypted or broken file, UnsupportedFile if no page has text.
    """
    document = _open(path)
    builder = TextBuilder()
    try:
        for number in range(len(document)):
            with builder.section("page"):
                text = _page_text(document, number)
                builder.report.count("page", "read" if text.strip() else "empty")
                builder.add_block(text)
    finally:
        document.close()
    if not len(builder):
        raise UnsupportedFile(_NO_TEXT_LAYER_MESSAGE)
    return builder.parsed("pdf", "pypdfium2", str(pypdfium2.PYPDFIUM_INFO))


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as exc:
        if getattr(exc, "err_code", None) in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise InvalidFile(ENCRYPTED_MESSAGE) from exc
        raise InvalidFile("The file could not be parsed as PDF: it is damaged or incomplete.") from exc
    document.init_forms()  # required before a page is loaded; has no effect without a form
    if not len(document):
        raise InvalidFile("The file could not be parsed as PDF: it has no pages, perhaps it is incomplete.")
    return document


def _page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:  # skip a broken page; if all are broken, the document has no text
        return ""
    try:
        textpage = page.get_textpage()
        try:
            text = _repair_text(normalize_text(textpage.get_text_range()))
        finally:
            textpage.close()
        if document.formenv is not None:
            text = "\n".join([text, *_form_fields(document.formenv, page)]).strip("\n")
    finally:
        page.close()
    return text


def _form_fields(form: Any, page: Any) -> Iterator[str]:
    """Yield "name: value" for each form field with a value, which pdfium leaves out of the page's text."""
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        field = pdfium.FPDFPage_GetAnnot(page, number)
        if not field:
            continue
        try:
            if pdfium.FPDFAnnot_GetFormFieldType(form, field) in _FIELDS_WITH_TEXT:
                value = _call_for_string(pdfium.FPDFAnnot_GetFormFieldValue, form, field)
                name = _call_for_string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, field)
                name = name or _call_for_string(pdfium.FPDFAnnot_GetFormFieldName, form, field)
                if value.strip():
                    yield normalize_text(f"{name}: {value}")
        finally:
            pdfium.FPDFPage_CloseAnnot(field)


def _call_for_string(function: Callable[..., int], form: Any, field: Any) -> str:
    """Call a pdfium function that fills a buffer with UTF-16 and returns the length in bytes."""
    length = function(form, field, None, 0)
    if length <= 2:  # only the terminating NUL
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    function(form, field, buffer, length)
    return bytes(buffer)[: length - 2].decode("utf-16-le", "replace")


def _repair_text(text: str) -> str:
    text = _HYPHENATED.sub("", text)
    if not text.isascii():
        text = _LONE_MARK.sub(r"\1", text)
        text = _ACCENT_THEN_LETTER.sub(_combine_accent, text)
        text = unicodedata.normalize("NFC", _NONCHARACTERS.sub("", text))
    return text.strip("\n")


def _combine_accent(match: re.Match[str]) -> str:
    letter = match[2].replace("ı", "i")  # TeX puts accents on a dotless i
    return unicodedata.normalize("NFC", letter + _COMBINING[match[1]])
