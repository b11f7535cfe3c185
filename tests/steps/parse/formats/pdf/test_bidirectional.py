"""Lines with letters that run from right to left."""

import pytest

from ingest.steps.parse.formats.pdf.bidirectional import is_right_to_left, read_line
from ingest.steps.parse.formats.pdf.glyphs import Glyphs
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def hebrew(file: PdfFile) -> str:
    """Add a font whose codes 1 to 5 are the letters of Shalom and a space, from left to right as on the page."""
    mapping = file.stream(
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /A def 1 begincodespacerange <00> <FF> "
        "endcodespacerange 5 beginbfchar <41> <05DD> <42> <05D5> <43> <05DC> <44> <05E9> <45> <05D0> endbfchar endcmap "
        "CMapName currentdict /CMap defineresource pop end end"
    )
    return file.add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode {mapping}>>")


def test_letters_in_the_order_of_the_page_are_read_from_right_to_left(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    file.page("BT /F2 12 Tf 72 700 Td (ABCD) Tj ET", fonts=f"/F2 {hebrew(file)}")

    assert read_pdf(file).text == "שלום"


def test_letters_in_the_order_of_reading_stay(read_pdf: ReadPdf) -> None:
    file = PdfFile()
    letters = "".join(f"BT /F2 12 Tf {100 - 8 * place} 700 Td ({code}) Tj ET " for place, code in enumerate("DCBA"))
    file.page(letters, fonts=f"/F2 {hebrew(file)}")

    assert read_pdf(file).text == "שלום"


def line_of(from_left: str) -> Glyphs:
    """Return glyphs of 6 by 10 points, one beside the other from left to right; a space is a gap of 6 points."""
    places = [(letter, 6.0 * place) for place, letter in enumerate(from_left) if letter != " "]
    left = [place for _, place in places]
    count = len(places)
    return Glyphs(
        "".join(letter for letter, _ in places), left, [place + 6 for place in left], [0.0] * count, [10.0] * count
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [("שלום", True), ("שלום abc", True), ("abc של", False), ("مرحبا 2024", True), ("2024", False), ("", False)],
)
def test_a_line_runs_as_most_of_its_letters_do(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected


@pytest.mark.parametrize(
    ("from_left", "reading"),
    [
        ("םולש", "שלום"),
        ("םלוע םולש", "שלום עולם"),
        ("2024 תנש", "שנת 2024"),
        ("PDF ץבוק", "קובץ PDF"),
        ("1,250.50 ריחמ", "מחיר 1,250.50"),
    ],
)
def test_words_are_read_from_the_right_and_numbers_and_latin_words_from_the_left(from_left: str, reading: str) -> None:
    glyphs = line_of(from_left)

    assert read_line(glyphs, list(range(len(glyphs.text)))) == reading


def test_the_places_of_the_glyphs_decide_and_not_their_order() -> None:
    glyphs = line_of("םולש")
    stored = Glyphs(glyphs.text[::-1], glyphs.left[::-1], glyphs.right[::-1], glyphs.bottom, glyphs.top)

    assert read_line(stored, [0, 1, 2, 3]) == "שלום"
