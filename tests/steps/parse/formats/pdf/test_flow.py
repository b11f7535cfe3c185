"""Lines and spaces by the places of glyphs."""

import pytest

from ingest.steps.parse.formats.pdf.flow import TORN, with_lines
from ingest.steps.parse.formats.pdf.glyphs import Glyphs


def glyphs_at(*letters: tuple[str, float, float]) -> Glyphs:
    """Return glyphs of 6 by 10 points with their left edges and baselines."""
    left, bottom = [x for _, x, _ in letters], [y - 2 for *_, y in letters]
    text = "".join(letter for letter, *_ in letters)
    return Glyphs(text, left, [x + 6 for x in left], bottom, [y + 10 for y in bottom])


def test_gaps_are_spaces_and_steps_down_are_line_ends() -> None:
    lines = with_lines(glyphs_at(("a", 0, 100), ("b", 6, 100), ("c", 14, 100), ("d", 0, 86), ("e", 6, 86)))

    assert lines.text == "ab c\nde"
    assert lines.left == [0, 6, 6, 14, 14, 0, 6]
    assert all(len(values) == len(lines.text) for values in lines)


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (("b", 6.5, 100), "ab"),
        (("b", 7.5, 100), "a b"),
        (("b", 6, 104), "ab"),
        (("b", 6, 94), "a\nb"),
        (("b", -10, 100), "a\nb"),
    ],
)
def test_small_gaps_and_steps_stay_in_the_word(second: tuple[str, float, float], text: str) -> None:
    assert with_lines(glyphs_at(("a", 0, 100), second)).text == text


def test_line_ends_that_pdfium_put_between_the_letters_of_a_line_are_dropped() -> None:
    glyphs = Glyphs("a\r\nb", [0, 6, 6, 6], [6, 6, 6, 12], [98, 98, 98, 98], [108, 98, 98, 108])

    assert with_lines(glyphs).text == "ab"


def test_a_page_without_visible_glyphs_stays() -> None:
    assert with_lines(Glyphs("", [], [], [], [])) == Glyphs("", [], [], [], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\r\n" * 6, True), ("Title\r\n" + "ab\r\n" * 6, True), ("a\r\n" * 5, False), ("abc\r\n" * 9, False)],
)
def test_many_lines_of_one_or_two_characters_are_torn(text: str, expected: bool) -> None:
    assert bool(TORN.search(text)) is expected
