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


def test_letters_beyond_the_first_plane_are_read_beside_raised_digits(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    mapping = file.stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def 1 begincodespacerange <00> <FF> "
        "endcodespacerange 2 beginbfchar <41> <D835DC38> <42> <D835DC5A> endbfchar endcmap "
        "CMapName currentdict /CMap defineresource pop end end"
    )
    font = file.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode {mapping}>>")
    file.page(
        "BT /F2 12 Tf 72 700 Td (A) Tj /F1 12 Tf ( = ) Tj /F2 12 Tf (B) Tj 5 Ts /F1 8 Tf (2) Tj 0 Ts ET",
        fonts=f"/F2 {font}",
    )

    assert read_pdf(file).text == "𝐸 = 𝑚²"
