"""Numbers as letters and Roman numerals, as list numbers use them."""

from ingest.steps.parse.formats.roman import roman_numeral

MAX_NUMBER = 3999
"""Letters and Roman numerals of larger numbers would be long, so these are written in digits."""


def roman(number: int) -> str:
    """Return a number in small Roman numerals."""
    if not 0 < number <= MAX_NUMBER:
        return str(number)
    return roman_numeral(number)


def letters(number: int) -> str:
    """Return a number as small letters: a to z, then aa, bb, cc."""
    if not 0 < number <= MAX_NUMBER:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
