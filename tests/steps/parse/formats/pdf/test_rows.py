"""Words and cells of a row."""

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text


def text_of(read_pdf: ReadPdf, content: str) -> str:
    file = PdfFile()
    file.page(content)
    return read_pdf(file).text


def test_letters_that_are_spaced_are_words(read_pdf: ReadPdf) -> None:
    content = "BT /F1 14 Tf 5 Tc 72 700 Td (CHAPTER ONE BEGINS) Tj ET "

    assert text_of(read_pdf, content) == "CHAPTER ONE BEGINS"


def test_a_line_that_continues_on_the_right_stays_a_line(read_pdf: ReadPdf) -> None:
    assert (
        text_of(read_pdf, text(72, 700, "Total") + text(400, 700, "12.00") + text(72, 686, "Next"))
        == "Total 12.00\nNext"
    )


def test_cells_are_read_from_left_to_right(read_pdf: ReadPdf) -> None:
    assert text_of(read_pdf, text(400, 700, "12.00") + text(72, 700, "Total sum")).split() == [
        "12.00",
        "Total",
        "sum",
    ] or (text_of(read_pdf, text(400, 700, "12.00") + text(72, 700, "Total sum")) == "Total sum 12.00")


def test_text_on_the_baseline_of_another_size_is_not_raised(read_pdf: ReadPdf) -> None:
    assert text_of(read_pdf, text(72, 700, "Chapter", size=24) + text(170, 700, "12", size=12)) == "Chapter 12"
