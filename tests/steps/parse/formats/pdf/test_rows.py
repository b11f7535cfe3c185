"""Characters that a row draws twice, raised, lowered or far apart."""

import pytest

from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text


def text_of(read_pdf: ReadPdf, content: str) -> str:
    file = PdfFile()
    file.page(content)
    return read_pdf(file).text


def raised(*runs: tuple[str, float, float]) -> str:
    """Return a line of runs with their sizes and the heights of their baselines."""
    shown = "".join(f"/F1 {size} Tf {rise} Ts ({run}) Tj " for run, size, rise in runs)
    return f"BT 72 700 Td {shown}ET "


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([("about 10", 12, 0), ("5", 8, 5), (" cells", 12, 0)], "about 10⁵ cells"),
        ([("5 x 10", 12, 0), ("-3", 8, 5), (" m", 12, 0)], "5 x 10⁻³ m"),
        ([("H", 12, 0), ("2", 8, -3), ("O is water", 12, 0)], "H₂O is water"),
        ([("x", 12, 0), ("n+1", 7, 6), (" grows", 12, 0)], "xⁿ⁺¹ grows"),
        ([("x", 12, 0), ("a,b", 7, 6), (" grows", 12, 0)], "x^(a,b) grows"),
        ([("a", 12, 0), ("ij", 7, -3), (" of it", 12, 0)], "a_(ij) of it"),
        ([("the 21", 12, 0), ("st", 7, 5), (" century", 12, 0)], "the 21st century"),
        ([("Brand", 12, 0), ("TM", 6, 5), (" tea", 12, 0)], "BrandTM tea"),
        ([("a note", 12, 0), ("1", 7, 5), (", and", 12, 0)], "a note¹, and"),
        ([("A ", 12, 0), ("small word", 9, 0), (" on the line", 12, 0)], "A small word on the line"),
    ],
)
def test_raised_and_lowered_characters_stay_apart(
    read_pdf: ReadPdf, runs: list[tuple[str, float, float]], expected: str
) -> None:
    assert text_of(read_pdf, raised(*runs)) == expected


def test_a_note_whose_number_starts_a_line_is_a_line(read_pdf: ReadPdf) -> None:
    assert (
        text_of(read_pdf, text(72, 720, "Above.") + raised(("1", 6, 4), ("See above.", 10, 0))) == "Above.\n¹See above."
    )


@pytest.mark.parametrize("shift", [0.3, 0.6, 1.2])
@pytest.mark.parametrize("word", ["Heading", "limit", "illicit", "Totals 11"])
def test_glyphs_that_are_drawn_twice_are_read_once(read_pdf: ReadPdf, word: str, shift: float) -> None:
    content = "".join(
        text(72 + 8 * place + offset, 700, glyph)
        for place, glyph in enumerate(word)
        if glyph != " "
        for offset in (0, shift)
    )

    assert text_of(read_pdf, content) == word


@pytest.mark.parametrize("shift", [(0.5, 0), (1, -1), (2, -2)])
def test_lines_that_are_drawn_twice_are_read_once(read_pdf: ReadPdf, shift: tuple[float, float]) -> None:
    line = "Shadow will fill all of it"
    content = text(72, 700, line, size=20) + text(72 + shift[0], 700 + shift[1], line, size=20) + text(72, 650, "Body")

    assert text_of(read_pdf, content) == f"{line}\nBody"


def test_double_letters_stay(read_pdf: ReadPdf) -> None:
    letters = "".join(text(72 + 2.8 * place, 700, glyph) for place, glyph in enumerate("illl"))

    assert text_of(read_pdf, letters + text(84, 700, "aa")) == "illlaa"


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
