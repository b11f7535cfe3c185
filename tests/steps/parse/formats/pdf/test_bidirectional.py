"""Lines with letters that run from right to left."""

import pytest

from ingest.steps.parse.formats.pdf.bidirectional import is_right_to_left, read_line, split_runs
from ingest.steps.parse.formats.pdf.glyphs import Glyphs
from ingest.steps.parse.formats.pdf.rows import read_rows

HELLO, WORLD = "שלום", "עולם"


def on_page(shown: str) -> tuple[Glyphs, list[int]]:
    """Return a line of glyphs as it is shown from left to right, and the indexes of its letters."""
    left = [6.0 * place for place in range(len(shown))]
    glyphs = Glyphs(shown, left, [place + 6 for place in left], [0.0] * len(shown), [10.0] * len(shown))
    return glyphs, glyphs.visible(0, len(shown))


def shown(text: str) -> str:
    return text[::-1]


@pytest.mark.parametrize(
    ("on_the_page", "read"),
    [
        (f"{shown(WORLD)} {shown(HELLO)}", f"{HELLO} {WORLD}"),
        (f".2024 {shown('בשנת')}", "בשנת 2024."),
        (f"{shown('אזורים')} 12-{shown('ב')}", "ב-12 אזורים"),
        (f"{shown('את')} Windows 11 {shown('פרסמה')}", "פרסמה Windows 11 את"),
        (f"{shown(WORLD)} (1,234.50) {shown(HELLO)}", f"{HELLO} (1,234.50) {WORLD}"),
        (f"50% {shown(HELLO)}", f"{HELLO} 50%"),
    ],
)
def test_a_line_is_read_from_right_to_left(on_the_page: str, read: str) -> None:
    assert read_line(*on_page(on_the_page)) == read


def test_letters_that_are_stored_in_the_order_of_reading_are_read_by_their_places() -> None:
    glyphs = Glyphs(HELLO, [18.0, 12.0, 6.0, 0.0], [24.0, 18.0, 12.0, 6.0], [0.0] * 4, [10.0] * 4)

    assert read_line(glyphs, [0, 1, 2, 3]) == HELLO


def test_the_letters_of_a_ligature_stay_in_order() -> None:
    glyphs = Glyphs("الأ", [12.0, 0.0, 0.0], [18.0, 12.0, 12.0], [0.0] * 3, [10.0] * 3)
    turned = glyphs._replace(text="األ")

    assert read_line(glyphs, [0, 1, 2]) == read_line(turned, [0, 1, 2]) == "الأ"


def test_marks_stay_behind_their_letters() -> None:
    glyphs = Glyphs("שָל", [10.0, 12.0, 0.0], [18.0, 14.0, 10.0], [0.0] * 3, [10.0] * 3)

    assert read_line(glyphs, [0, 1, 2]) == "שָל"


def test_hebrew_words_in_an_english_line_are_read_in_their_order() -> None:
    glyphs, visible = on_page(f"The words {shown(WORLD)} {shown(HELLO)} mean hello.")

    assert [is_backwards for is_backwards, _ in split_runs(glyphs, visible)] == [False, True, False]
    assert read_rows(glyphs)[0][0].text == f"The words {HELLO} {WORLD} mean hello."


def test_most_letters_decide_about_the_direction() -> None:
    assert is_right_to_left(f"{HELLO} {WORLD} abc")
    assert not is_right_to_left(f"abc def {HELLO}")
    assert not is_right_to_left("2024")
