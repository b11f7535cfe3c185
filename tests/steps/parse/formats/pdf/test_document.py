"""Opening of PDF documents."""


import io
import unicodedata
from pathlib import Path
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.errors import FileError, InvalidFile, UnsupportedFile
from ingest.steps.parse.formats.pdf import read
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from tests.steps.parse.formats.pdf.test_attachments import portfolio
from tests.steps.parse.formats.pdf.test_bookmarks import outlined
from tests.steps.parse.formats.pdf.test_fields import box, form
from tests.steps.parse.formats.pdf.test_xfa import DATA, TEMPLATE, xfa_form
import pypdfium2
from ingest.steps.parse.formats.pdf.document import open_document, page_label


def test_an_encrypted_pdf_is_invalid_and_the_message_says_what_to_do(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match=r"The file is encrypted; remove its password and upload it again\."):
        parse("a.pdf", documents.encrypted_pdf())


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_a_pdf_that_opens_without_a_password_is_read(
    read_pdf: ReadPdf, documents: DocumentBuilder, algorithm: str
) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(documents.pdf(["for everyone"])))
    writer.encrypt("", owner_password="owner", algorithm=algorithm, permissions_flag=0)  # type: ignore[arg-type]  # pypdf takes an int too
    buffer = io.BytesIO()
    writer.write(buffer)

    assert read_pdf(buffer.getvalue()).text == "for everyone"


@pytest.mark.parametrize("length", [9, 100])
def test_a_truncated_pdf_fails_with_a_clear_error(read_pdf: ReadPdf, documents: DocumentBuilder, length: int) -> None:
    with pytest.raises((InvalidFile, UnsupportedFile), match="PDF"):
        read_pdf(documents.pdf(["text"])[:length])
