"""Opening of PDF documents."""

import io
from pathlib import Path

import pypdf
import pypdfium2
import pytest
from pypdf.constants import UserAccessPermissions

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.formats.pdf.document import open_document, page_label
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def test_an_encrypted_pdf_is_invalid_and_the_message_says_what_to_do(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match=r"The file is encrypted; remove its password and upload it again\."):
        parse("a.pdf", documents.encrypted_pdf())


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128"])
def test_a_pdf_that_opens_without_a_password_is_read(
    read_pdf: ReadPdf, documents: DocumentBuilder, algorithm: str
) -> None:
    writer = pypdf.PdfWriter(io.BytesIO(documents.pdf(["for everyone"])))
    writer.encrypt("", owner_password="owner", algorithm=algorithm, permissions_flag=UserAccessPermissions(0))
    buffer = io.BytesIO()
    writer.write(buffer)

    assert read_pdf(buffer.getvalue()).text == "for everyone"


@pytest.mark.parametrize("length", [9, 100])
def test_a_truncated_pdf_fails_with_a_clear_error(read_pdf: ReadPdf, documents: DocumentBuilder, length: int) -> None:
    with pytest.raises((InvalidFile, UnsupportedFile), match="PDF"):
        read_pdf(documents.pdf(["text"])[:length])


def test_an_open_document_has_its_pages(tmp_path: Path, documents: DocumentBuilder) -> None:
    path = tmp_path / "blob"
    path.write_bytes(documents.pdf(["One", "Two"]))

    with open_document(path) as document:
        assert isinstance(document, pypdfium2.PdfDocument)
        assert len(document) == 2


def test_a_document_without_pages_is_invalid(read_pdf: ReadPdf) -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as PDF"):
        read_pdf(PdfFile())


@pytest.mark.parametrize(
    ("catalog", "labels"),
    [
        ("", ["", "", "", ""]),
        ("/PageLabels<</Nums[0<</S/D>>]>>", ["", "", "", ""]),
        ("/PageLabels<</Nums[0<</S/r>> 2<</S/D>> 3<</P(A-)/S/D/St 7>>]>>", ["i", "ii", "1", "A-7"]),
    ],
)
def test_the_label_of_a_page_is_returned_unless_it_is_its_number(
    tmp_path: Path, catalog: str, labels: list[str]
) -> None:
    file = PdfFile(catalog)
    for _ in labels:
        file.text_page("A page")
    path = tmp_path / "blob"
    path.write_bytes(file.build())

    with open_document(path) as document:
        assert [page_label(document, index) for index in range(len(labels))] == labels
