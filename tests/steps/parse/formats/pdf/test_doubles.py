"""Glyphs that are drawn twice."""

import pytest

from ingest.steps.parse.formats.pdf.doubles import may_have_doubles, without_doubles
from ingest.steps.parse.formats.pdf.glyphs import Glyphs
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text


def text_of(read_pdf: ReadPdf, content: str) -> str:
    file = PdfFile()
    file.page(content)
    return read_pdf(file).text


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


def row_of(*letters: tuple[str, float]) -> Glyphs:
    """Return glyphs of 6 by 10 points that start at these places."""
    left = [place for _, place in letters]
    count = len(letters)
    text = "".join(letter for letter, _ in letters)
    return Glyphs(text, left, [place + 6 for place in left], [0.0] * count, [10.0] * count)


def test_a_step_that_is_shorter_than_letters_are_wide_may_be_a_double() -> None:
    assert may_have_doubles(row_of(("a", 0), ("a", 0.5), ("b", 6)), [0, 1, 2])
    assert not may_have_doubles(row_of(("i", 0), ("l", 2), ("l", 4)), [0, 1, 2])


def test_only_the_same_letter_at_nearly_the_same_place_is_left_out() -> None:
    glyphs = row_of(("a", 0), ("a", 0.5), ("b", 0.5), ("a", 6), ("b", 6))

    assert without_doubles(glyphs, [0, 1, 2, 3, 4]) == [0, 2, 3, 4]


def test_letters_of_a_ligature_with_one_box_stay() -> None:
    assert without_doubles(row_of(("f", 0), ("f", 0), ("i", 0)), [0, 1, 2]) == [0, 1, 2]


def test_a_letter_on_another_line_is_no_double() -> None:
    glyphs = Glyphs("aa", [0.0, 0.5], [6.0, 6.5], [0.0, 4.0], [10.0, 14.0])

    assert without_doubles(glyphs, [0, 1]) == [0, 1]
