"""Glyphs that are drawn twice."""


import pytest
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile, text
from ingest.steps.parse.formats.pdf.doubles import may_have_doubles, without_doubles
from ingest.steps.parse.formats.pdf.glyphs import Glyphs


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
