"""Unicode normalisation before a text is split into words: NFKC, with superscripts as separators."""

import re
import unicodedata
from functools import cache

# NFKC would join an exponent or the number of a footnote to its word: 10\u2075 is not 105, and Model\u00b9 is not Model1.
_SEPARATED = dict.fromkeys(
    map(ord, "\u00b9\u00b2\u00b3\u2070\u2071\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207f"), " "
)

_MAX_MARKS = 30
"""Combining marks on one letter: the bound of Unicode's stream-safe text format (UAX #15). NFKC sorts the marks of a letter
in quadratic time: 1 s for 30,000 of them."""


def normalize(text: str) -> str:
    """Return the text in NFKC, with superscripts as separators and at most 30 combining marks on a letter."""
    if text.isascii():
        return text
    text = text.translate(_SEPARATED)
    if unicodedata.is_normalized("NFKC", text):  # takes linear time
        return text
    if _marks().search(text[::_MAX_MARKS]):  # a longer run of marks has one at such a place
        text = _marks().sub(lambda marks: marks[0][:_MAX_MARKS], text)
    return unicodedata.normalize("NFKC", text)


def normalize_in_place(text: str) -> str | None:
    """Return the text in NFKC with every word at its old offset, or None if NFKC would move characters."""
    if text.isascii():
        return text
    text = text.translate(_SEPARATED).replace("\u2026", ".")  # NFKC turns an ellipsis into three dots
    if unicodedata.is_normalized("NFKC", text):
        return text
    text = text.translate(_one_to_one_forms())
    return text if unicodedata.is_normalized("NFKC", text) else None


@cache
def _marks() -> re.Pattern[str]:
    """Return a pattern of the characters that NFKC sorts behind a letter."""
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if unicodedata.combining(chr(code)))
    return re.compile(f"[{marks}]+")


@cache
def _one_to_one_forms() -> dict[int, str]:
    """Map the characters that NFKC replaces by one other: non-breaking spaces, full-width forms, subscripts..."""
    forms = {}
    for code in range(0x80, 0x30000):  # no character above these planes has another form
        form = unicodedata.normalize("NFKC", chr(code))
        if len(form) == 1 and form != chr(code):
            forms[code] = form
    return forms
