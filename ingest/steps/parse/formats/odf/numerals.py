"""Numbers as letters and Roman numerals, as list numbers use them."""

MAX_NUMBER = 3999
"""Letters and Roman numerals of larger numbers would be long, so these are written in digits."""

_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"),
        strict=True,
    )
)


def roman(number: int) -> str:
    """Return a number in small Roman numerals."""
    if not 0 < number <= MAX_NUMBER:
        return str(number)
    digits = ""
    for value, digit in _ROMAN:
        digits += digit * (number // value)
        number %= value
    return digits


def letters(number: int) -> str:
    """Return a number as small letters: a to z, then aa, bb, cc."""
    if not 0 < number <= MAX_NUMBER:
        return str(number)
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
