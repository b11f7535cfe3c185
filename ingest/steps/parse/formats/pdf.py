"""PDF: its text layer, page by page."""

import ctypes
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.containers import ENCRYPTED
from ingest.steps.parse.parsed import Parsed, clean

_NO_TEXT_LAYER = (
    "The PDF has no text layer (it was scanned), and OCR is not configured. Upload a version with recognised text."
)
_FIELDS_WITH_TEXT = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX)
_PAGE_GAP = "\n\n"
_COMBINING = {"´": "\u0301", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "˚": "\u030a", "¯": "\u0304"}
# TeX draws an accent and then the letter below it; pdfium gives the accent alone, often on a line of its own.
_ACCENT_THEN_LETTER = re.compile(r"\n?([´¨ˆ˜ˇ˚¯])\n?([A-Za-zı])")
_LONE_MARK = re.compile(r"(?<=\w)\n([\u0300-\u036f]+)\n?")
_HYPHENATED = re.compile("[\ufffe\u0002]\n?")  # pdfium's mark for a word that it joined over a line end
_NOT_CHARACTERS = re.compile("[\uffff\ufffe]")


def read(path: Path) -> Parsed:
    """Return the text of a PDF and the offset of each page.

    Raises InvalidFile for an encrypted or broken one, UnsupportedFile when no page has text.
    """
    document = _open(path)
    texts: list[str] = []
    offsets: list[int] = []
    position = 0
    try:
        for number in range(len(document)):
            text = _page_text(document, number)
            offsets.append(position)
            texts.append(text)
            position += len(text) + len(_PAGE_GAP)
    finally:
        document.close()
    joined = _PAGE_GAP.join(texts)
    if not joined or joined.isspace():
        raise UnsupportedFile(_NO_TEXT_LAYER)
    return Parsed(joined, "pdf", tuple(offsets))


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as exc:
        if getattr(exc, "err_code", None) in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise InvalidFile(ENCRYPTED) from exc
        raise InvalidFile("The file could not be parsed as PDF: it is damaged or incomplete.") from exc
    document.init_forms()  # before any page is loaded; does nothing for a PDF without a form
    if not len(document):
        raise InvalidFile("The file could not be parsed as PDF: it has no pages, perhaps it is incomplete.")
    return document


def _page_text(document: pypdfium2.PdfDocument, number: int) -> str:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:  # one broken page among good ones; a document of broken pages has no text
        return ""
    try:
        textpage = page.get_textpage()
        try:
            text = _tidy(clean(textpage.get_text_range()))
        finally:
            textpage.close()
        if document.formenv is not None:
            text = "\n".join([text, *_filled_in(document.formenv, page)]).strip("\n")
    finally:
        page.close()
    return text


def _filled_in(form: Any, page: Any) -> Iterator[str]:
    """The fields of a form that have a value, which is no part of a page's text: "name: value"."""
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        field = pdfium.FPDFPage_GetAnnot(page, number)
        if not field:
            continue
        try:
            if pdfium.FPDFAnnot_GetFormFieldType(form, field) in _FIELDS_WITH_TEXT:
                value = _string(pdfium.FPDFAnnot_GetFormFieldValue, form, field)
                name = _string(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, field)
                name = name or _string(pdfium.FPDFAnnot_GetFormFieldName, form, field)
                if value.strip():
                    yield clean(f"{name}: {value}")
        finally:
            pdfium.FPDFPage_CloseAnnot(field)


def _string(function: Callable[..., int], form: Any, field: Any) -> str:
    """Call a function of pdfium that fills a buffer with UTF-16 and returns its length in bytes."""
    length = function(form, field, None, 0)
    if length <= 2:  # nothing but the NUL at its end
        return ""
    buffer = (ctypes.c_ushort * (length // 2 + 1))()
    function(form, field, buffer, length)
    return bytes(buffer)[: length - 2].decode("utf-16-le", "replace")


def _tidy(text: str) -> str:
    text = _HYPHENATED.sub("", text)
    if not text.isascii():
        text = _LONE_MARK.sub(r"\1", text)
        text = _ACCENT_THEN_LETTER.sub(_accented, text)
        text = unicodedata.normalize("NFC", _NOT_CHARACTERS.sub("", text))
    return text.strip("\n")


def _accented(match: re.Match[str]) -> str:
    letter = match[2].replace("ı", "i")  # TeX puts accents on an i without its dot
    return unicodedata.normalize("NFC", letter + _COMBINING[match[1]])
