"""Open PDF documents."""

import ctypes
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.errors import InvalidFile, ProtectedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.pdf.strings import one_line, read_string

# It advises to build pdfium with XFA, which `xfa` reads, and reports loops in outlines.
logging.getLogger("pypdfium2").setLevel(logging.ERROR)


@contextmanager
def open_document(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    """Open a document for the time of the context. Raises InvalidFile if it is encrypted, broken or has no pages."""
    document = _open(path)
    try:
        document.init_forms()  # required before a page is loaded; has no effect without a form
        if not len(document):
            raise InvalidFile("The file could not be parsed as PDF: it has no pages, perhaps it is incomplete.")
        yield document
    finally:
        document.close()


def _open(path: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as exc:
        if getattr(exc, "err_code", None) in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise ProtectedFile(ENCRYPTED_MESSAGE) from exc
        raise InvalidFile("The file could not be parsed as PDF: it is damaged or incomplete.") from exc


def page_label(document: pypdfium2.PdfDocument, index: int) -> str:
    """Return the label of a page, such as "xii", or "" if it is the page's number or if there is none."""

    def get_label(buffer: ctypes.Array[ctypes.c_ushort] | None, length: int) -> int:
        return int(pdfium.FPDF_GetPageLabel(document, index, buffer, length))

    label = one_line(read_string(get_label))
    return "" if label == str(index + 1) else label
