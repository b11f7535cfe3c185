"""Markers of list items: the numbers, letters or Roman numbers that a browser shows."""

import string
from typing import Any

from ingest.steps.parse.formats.roman import roman_numeral

_MAX_ROMAN = 3999


class ListMarkers:
    """Counts the items of one list."""

    def __init__(self, element: Any) -> None:
        self._is_ordered = element.tag == "ol"
        self._type = element.get("type") or ""
        self._step = 1
        self._next = 1
        if self._is_ordered:
            is_reversed = element.get("reversed") is not None
            self._step = -1 if is_reversed else 1
            start = _integer(element.get("start"))
            self._next = start if start is not None else (_count_items(element) if is_reversed else 1)

    def next_marker(self, item: Any) -> str:
        """Return the marker of the next item: "- ", "5. " or "c. "."""
        if not self._is_ordered:
            return "- "
        value = _integer(item.get("value"))
        number = self._next if value is None else value
        self._next = number + self._step
        return f"{_write_number(number, item.get('type') or self._type)}. "


def _integer(text: str | None) -> int | None:
    text = (text or "").strip()
    digits = text.removeprefix("-").removeprefix("+")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else None


def _count_items(element: Any) -> int:
    return sum(1 for child in element if child.tag == "li")


def _write_number(number: int, kind: str) -> str:
    if kind in ("a", "A") and number > 0:
        letters = _letters(number)
        return letters.upper() if kind == "A" else letters
    if kind in ("i", "I") and 0 < number <= _MAX_ROMAN:
        roman = roman_numeral(number)
        return roman.upper() if kind == "I" else roman
    return str(number)


def _letters(number: int) -> str:
    """Return 1 as "a", 26 as "z" and 27 as "aa"."""
    letters = ""
    while number:
        number, digit = divmod(number - 1, 26)
        letters = string.ascii_lowercase[digit] + letters
    return letters
