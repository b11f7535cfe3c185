"""Fonts without ascent and descent, as LibreOffice 7.4 writes them."""

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def font_without_descent(file: PdfFile) -> str:
    descriptor = file.add(
        "<</Type/FontDescriptor/FontName/A+Foo/Flags 32/FontBBox[-176 0 1005 667]/ItalicAngle 0/Ascent 667/Descent 0"
        "/CapHeight 667/StemV 80>>"
    )
    widths = " ".join(["500"] * 95)
    return file.add(
        f"<</Type/Font/Subtype/TrueType/BaseFont/A+Foo/FirstChar 32/LastChar 126/Widths[{widths}]"
        f"/Encoding/WinAnsiEncoding/FontDescriptor {descriptor}>>"
    )


def place(x: float, y: float, text: str, size: float) -> str:
    return f"BT {x} {y} Td /F2 {size} Tf ({text}) Tj ET "


def test_raised_and_lowered_digits_are_known_without_a_descent(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page(
        place(72, 700, "About 10", 12)
        + place(120, 704.6, "5", 9.6)
        + place(124.8, 700, " Pa of H", 12)
        + place(172.8, 698.9, "2", 9.6)
        + place(177.6, 700, "O.", 12),
        fonts=f"/F2 {font_without_descent(file)}",
    )

    assert read_pdf(file).text == "About 10⁵ Pa of H₂O."
