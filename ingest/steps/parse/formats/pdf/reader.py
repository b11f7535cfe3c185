"""Read a PDF page by page, then its attachments.

Pages are read first and written afterwards, because the words of the whole document decide about hyphens at line ends.
"""

from pathlib import Path

import pypdfium2

from ingest.errors import UnsupportedFile
from ingest.steps.parse import ocr
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pdf.attachments import add_attachments
from ingest.steps.parse.formats.pdf.bookmarks import Bookmark, place_headings, read_bookmarks
from ingest.steps.parse.formats.pdf.coverage import report_pages
from ingest.steps.parse.formats.pdf.document import open_document, page_label
from ingest.steps.parse.formats.pdf.hyphens import repair_hyphens
from ingest.steps.parse.formats.pdf.page import OpenRecognizer, PageContent, read_page
from ingest.steps.parse.formats.pdf.repair import drop_noncharacters
from ingest.steps.parse.formats.pdf.strings import one_line
from ingest.steps.parse.formats.pdf.xfa import is_placeholder, read_xfa
from ingest.steps.parse.parsed import ParsedText, normalize_text

_NO_TEXT_LAYER = "The PDF has no text layer (it was scanned)"
_ILLEGIBLE = "The PDF has no usable text layer (its fonts do not say which characters they show)"
_NO_TEXT = "The PDF has no text layer, and there is no text on its pages."
_DAMAGED_PAGE = PageContent("failed")  # one object for all of them: a damaged file may claim a million pages
_MAX_DAMAGED = 1_000  # pages without one that can be loaded, after which the rest is not tried


def read(path: Path) -> ParsedText:
    """Return the text of a PDF with a section for each page; bookmarks are its headings.

    Raises InvalidFile for an encrypted or broken file, UnsupportedFile if nothing in it could be read, NeedsOcr.
    """
    builder = TextBuilder()
    with open_document(path) as document:
        pages = _read_pages(document)
        pages = _with_xfa(pages, [normalize_text(line) for line in read_xfa(document)])
        report_pages(builder.report, pages)
        _write_pages(builder, document, pages)
        is_text_in_pages = any(_has_text(page) for page in pages)
        is_text_in_attachments = add_attachments(builder, document)
    parsed = builder.parsed("pdf", "pypdfium2", str(pypdfium2.PYPDFIUM_INFO))
    if not is_text_in_pages and not is_text_in_attachments:
        raise UnsupportedFile(_no_text_message(pages), parsed.report.to_json())
    return parsed


def _read_pages(document: pypdfium2.PdfDocument) -> list[PageContent]:
    open_recognizer = _once(ocr.open_recognizer)
    pages = []
    count = len(document)
    for index in range(count):
        pages.append(_read_page(document, index, open_recognizer))
        ocr.report_progress(index + 1, count)
        if index == _MAX_DAMAGED and all(page is _DAMAGED_PAGE for page in pages):
            return pages + [_DAMAGED_PAGE] * (count - len(pages))
    return pages


def _read_page(document: pypdfium2.PdfDocument, index: int, open_recognizer: OpenRecognizer) -> PageContent:
    try:
        page = document[index]
    except pypdfium2.PdfiumError:
        return _DAMAGED_PAGE
    try:
        return read_page(document, page, f"page {index + 1}", open_recognizer)
    except pypdfium2.PdfiumError:
        return _DAMAGED_PAGE
    finally:
        page.close()


def _once(open_recognizer: OpenRecognizer) -> OpenRecognizer:
    """Return a function that opens the recognizer when it is called first."""
    opened: list[ocr.Recognizer | None] = []

    def open_once() -> "ocr.Recognizer | None":
        if not opened:
            opened.append(open_recognizer())
        return opened[0]

    return open_once


def _with_xfa(pages: list[PageContent], lines: list[str]) -> list[PageContent]:
    """Return the pages with what an XFA form says.

    The form replaces the page that asks to wait for it. If the pages show the form themselves, only the lines that are
    not on them are added, below the last page.
    """
    if not lines:
        return pages
    if len(pages) == 1 and is_placeholder(pages[0].text):
        return [pages[0]._replace(text="\n".join(lines))]
    shown = one_line("\n".join(text for page in pages for text in (page.text, *page.fields)))
    missing = [line for line in lines if not _is_shown(line, shown)]
    return [*pages[:-1], pages[-1]._replace(fields=(*pages[-1].fields, *missing))]


def _is_shown(line: str, shown: str) -> bool:
    return line in shown or all(part.strip() in shown for part in line.split(": ", 1))


def _write_pages(builder: TextBuilder, document: pypdfium2.PdfDocument, pages: list[PageContent]) -> None:
    bookmarks = read_bookmarks(document)
    texts = repair_hyphens(page.text for page in pages)
    for index, (page, text) in enumerate(zip(pages, texts, strict=True)):
        if page is _DAMAGED_PAGE:
            continue
        with builder.section("page", page_label(document, index), index + 1):
            text = "\n".join([drop_noncharacters(text).strip("\n"), *page.fields]).strip("\n")
            _write_text(builder, text, bookmarks.get(index, []))
            for note in page.notes:
                builder.add_block(note)
            for part in page.parts:
                builder.add_parsed(part, "")


def _write_text(builder: TextBuilder, text: str, bookmarks: list[Bookmark]) -> None:
    """Add the text of a page, with a heading for each bookmark whose title is in it."""
    written = 0
    for heading in place_headings(text, bookmarks) if bookmarks else []:
        builder.add_block(text[written : heading.start].strip("\n"))
        builder.add_heading(text[heading.start : heading.end], heading.bookmark.level, heading.bookmark.title)
        written = heading.end
    builder.add_block(text[written:].strip("\n"))


def _has_text(page: PageContent) -> bool:
    """Return whether more than the stamp of a scanned page was read."""
    if page.fields or page.notes or any(part.text for part in page.parts):
        return True
    return page.outcome == "read" and not page.text.isspace()


def _no_text_message(pages: list[PageContent]) -> str:
    outcomes = {page.outcome for page in pages}
    if "not_read" in outcomes:
        return ocr.unread_file_message(_NO_TEXT_LAYER)
    if "illegible" in outcomes:
        return f"{_ILLEGIBLE}, and OCR found no text." if ocr.is_available() else ocr.unread_file_message(_ILLEGIBLE)
    failures = [warning.message for page in pages for part in page.parts for warning in part.report.warnings]
    return f"The PDF has no text layer, and OCR failed. {failures[0]}" if failures else _NO_TEXT
