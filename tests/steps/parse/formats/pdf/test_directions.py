"""Text that is rotated, runs from right to left, or stands in vertical lines."""

import pytest

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text

UP, DOWN, OVER = "0 1 -1 0", "0 -1 1 0", "-1 0 0 -1"


@pytest.mark.parametrize("matrix", [UP, DOWN, OVER])
def test_rotated_lines_are_lines(read_pdf: ReadPdf, matrix: str) -> None:
    file = PdfFile()
    file.page(f"BT /F1 12 Tf 14 TL {matrix} 300 400 Tm (Rotated line one) Tj T* (goes on here) Tj ET")

    assert read_pdf(file).text == "Rotated line one\ngoes on here"


def test_a_rotated_page_is_read_like_an_upright_one(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page(
        f"BT /F1 12 Tf 14 TL {UP} 300 100 Tm (About 10) Tj 5 Ts /F1 8 Tf (5) Tj 0 Ts /F1 12 Tf ( cells) Tj T* (Next) Tj ET",
        more="/Rotate 90",
    )

    assert read_pdf(file).text == "About 10⁵ cells\nNext"


def test_a_rotated_label_does_not_mix_with_the_lines_beside_it(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page(
        text(72, 500, "Upright line") + f"BT /F1 12 Tf {UP} 60 480 Tm (Side label) Tj ET" + text(72, 486, "Below")
    )

    assert sorted(read_pdf(file).text.split("\n")) == ["Below", "Side label", "Upright line"]
