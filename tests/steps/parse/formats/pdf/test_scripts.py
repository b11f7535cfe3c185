"""Raised and lowered characters."""

import pytest

from ingest.steps.parse.formats.pdf.scripts import write_lowered, write_raised
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


@pytest.mark.parametrize(
    ("raised_text", "before", "expected"),
    [
        ("2", "x", "²"),
        ("n+1", "x", "ⁿ⁺¹"),
        ("-3", "10", "⁻³"),
        ("st", "1", "st"),
        ("*", "word", "*"),
        ("k,l", "x", "^(k,l)"),
        ("k,l", "", "k,l"),
        ("k,l", "x ", "k,l"),
        ("!", "x", "!"),
    ],
)
def test_raised_text_is_a_superscript_where_unicode_has_it(raised_text: str, before: str, expected: str) -> None:
    assert write_raised(raised_text, before) == expected


@pytest.mark.parametrize(
    ("lowered", "before", "expected"),
    [("2", "H", "₂"), ("(+)", "H", "₍₊₎"), ("ij", "a", "_(ij)"), ("ij", "", "ij"), ("n", "x", "_(n)")],
)
def test_lowered_text_is_a_subscript_where_unicode_has_it(lowered: str, before: str, expected: str) -> None:
    assert write_lowered(lowered, before) == expected
