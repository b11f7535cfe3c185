"""Roman numerals."""

import pytest

from ingest.steps.parse.formats.roman import roman_numeral


@pytest.mark.parametrize(
    ("number", "numeral"),
    [
        (1, "i"),
        (4, "iv"),
        (9, "ix"),
        (40, "xl"),
        (90, "xc"),
        (400, "cd"),
        (900, "cm"),
        (1994, "mcmxciv"),
        (4000, "mmmm"),
    ],
)
def test_a_number_is_written_with_subtraction(number: int, numeral: str) -> None:
    assert roman_numeral(number) == numeral
