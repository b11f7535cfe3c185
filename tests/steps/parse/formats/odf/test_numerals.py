"""Numbers as letters and Roman numerals."""

import pytest

from ingest.steps.parse.formats.odf.numerals import MAX_NUMBER, letters, roman


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1, "i"),
        (4, "iv"),
        (9, "ix"),
        (14, "xiv"),
        (40, "xl"),
        (90, "xc"),
        (400, "cd"),
        (1994, "mcmxciv"),
        (2024, "mmxxiv"),
    ],
)
def test_roman_numerals(number: int, text: str) -> None:
    assert roman(number) == text


@pytest.mark.parametrize(("number", "text"), [(1, "a"), (26, "z"), (27, "aa"), (28, "bb"), (52, "zz"), (53, "aaa")])
def test_letters_are_doubled_after_z(number: int, text: str) -> None:
    assert letters(number) == text


@pytest.mark.parametrize("number", [0, -1, MAX_NUMBER + 1])
def test_numbers_that_cannot_be_shown_are_written_in_digits(number: int) -> None:
    assert roman(number) == letters(number) == str(number)


def test_the_largest_number_is_still_shown() -> None:
    assert roman(MAX_NUMBER) == "mmmcmxcix"
    assert letters(MAX_NUMBER) == "u" * 154
