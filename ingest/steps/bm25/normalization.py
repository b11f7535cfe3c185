"""Unicode normalisation before a text is split into words: NFKC, with superscripts as separators."""

import unicodedata
from functools import cache

from ingest import normal_forms

# NFKC would join an exponent or the number of a footnote to its word: 10\u2075 is not 105, and Model\u00b9 is not Model1.
_SEPARATED = dict.fromkeys(
    map(ord, "\u00b9\u00b2\u00b3\u2070\u2071\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207f"), " "
)


MAX_QUERY_CHARACTERS = 65_536
"""Of a query in NFKC: twice the longest one of a client, because a few characters unfold to up to 18."""


def normalize(text: str) -> str:
    """Return the text in NFKC, with superscripts as separators and at most 30 combining marks on a letter."""
    if text.isascii():
        return text
    return normal_forms.normalize("NFKC", text.translate(_SEPARATED))


def normalize_query(text: str) -> str:
    """Return a query as `normalize` does, cut at MAX_QUERY_CHARACTERS."""
    if text.isascii():
        return text[:MAX_QUERY_CHARACTERS]
    return normal_forms.normalize_within("NFKC", text.translate(_SEPARATED), MAX_QUERY_CHARACTERS)


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
def _one_to_one_forms() -> dict[int, str]:
    """Map the characters that NFKC replaces by one other: non-breaking spaces, full-width forms, subscripts..."""
    forms = {}
    for code in range(0x80, 0x30000):  # no character above these planes has another form
        form = normal_forms.normalize("NFKC", chr(code))
        if len(form) == 1 and form != chr(code):
            forms[code] = form
    return forms
