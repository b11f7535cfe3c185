"""Files inside a PDF."""

import pytest

from ingest.errors import UnsupportedFile
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def portfolio(*files: tuple[str, bytes], page: str = "Open this portfolio in a newer program.") -> PdfFile:
    file = PdfFile()
    names = ""
    for name, data in files:
        content = file.stream(data, f"/Type/EmbeddedFile/Params<</Size {len(data)}>>")
        names += f"({name}) " + file.add(f"<</Type/Filespec/F({name})/UF({name})/EF<</F {content}>>>>")
    file.catalog = f"/Names<</EmbeddedFiles<</Names[{names}]>>>>/Collection<</View/D>>"
    file.text_page(page)
    return file


def test_embedded_files_of_any_kind_are_sections(read_pdf: ReadPdf, documents: DocumentBuilder) -> None:
    file = portfolio(
        ("a.txt", b"Words in text"),
        ("b.pdf", documents.pdf(["Words in PDF"])),
        ("c.docx", documents.docx(documents.paragraph("Words in Word"))),
    )

    parsed = read_pdf(file)

    sections = [(s.kind, s.name, parsed.text[s.start : s.end]) for s in parsed.sections if s.kind == "attachment"]
    assert [(kind, name) for kind, name, _ in sections] == [
        ("attachment", "a.txt"),
        ("attachment", "b.pdf"),
        ("attachment", "c.docx"),
    ]
    assert [text.split("\n\n")[1] for _, _, text in sections] == ["Words in text", "Words in PDF", "Words in Word"]
    assert parsed.report.parts["attachment"] == {"read": 3}


def test_an_unreadable_file_is_reported_and_the_rest_is_read(read_pdf: ReadPdf) -> None:
    parsed = read_pdf(portfolio(("a.bin", bytes(range(256)) * 4), ("b.txt", b"Words")))

    assert "Words" in parsed.text
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [
        ("attachment_not_read", "attachment a.bin")
    ]


def test_a_name_with_folders_is_the_last_part(read_pdf: ReadPdf) -> None:
    assert "Attachment: b.txt" in read_pdf(portfolio(("a/b.txt", b"Words"))).text


def test_a_scan_with_a_readable_attachment_is_read(read_pdf: ReadPdf) -> None:
    file = portfolio(("a.txt", b"Words"), page="")

    assert read_pdf(file).text == "Attachment: a.txt\n\nWords"


def test_a_blank_file_with_an_unreadable_attachment_is_refused(read_pdf: ReadPdf) -> None:
    with pytest.raises(UnsupportedFile, match="no text layer"):
        read_pdf(portfolio(("a.bin", bytes(range(256)) * 4), page=""))


def test_a_pdf_inside_itself_several_times_ends(read_pdf: ReadPdf, documents: DocumentBuilder) -> None:
    data = documents.pdf(["innermost"])
    for depth in range(8):
        data = portfolio(("inner.pdf", data), page=f"depth {depth}").build()

    parsed = read_pdf(data)

    assert "depth 7" in parsed.text
    assert parsed.report.parts["attachment"]["failed"] == 1
