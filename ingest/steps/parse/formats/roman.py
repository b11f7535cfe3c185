"""Roman numerals, as the numbers of lists use them."""

_DIGITS: tuple[tuple[int, str], ...] = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x")),
    *((9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


def roman_numeral(number: int) -> str:
    """Return a positive number in small Roman numerals. Its length grows with the number, so callers set a limit."""
    numeral = ""
    for value, digit in _DIGITS:
        numeral += digit * (number // value)
        number %= value
    return numeral
