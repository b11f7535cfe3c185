"""Show the stored values of the cells of a workbook (ECMA-376 part 1, 18.3.1.4) as its sheets do."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ingest.steps.parse.formats.sheets.dates import format_iso_text
from ingest.steps.parse.formats.sheets.digits import format_general
from ingest.steps.parse.formats.sheets.grid import Grid, clean_cell
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from ingest.steps.parse.formats.sheets.strings import unescape

NUMBER, SHARED_STRING, INLINE_STRING = "n", "s", "inlineStr"
NUMERIC_TYPES = frozenset(["", NUMBER, "d"])
"""Types of cells that are not text."""

_MAX_REMEMBERED = 10_000
_FUTURE_FUNCTION = re.compile(r"_xl(?:fn|ws|udf|pm)\.(?:_xlws\.)?")


@dataclass
class SheetReading:
    """What a worksheet holds, and how the reading went.

    `formulas` counts the cells that were read as formulas, because the file has no results for them.
    """

    grid: Grid = field(default_factory=Grid)
    print_headers: list[str] = field(default_factory=list)
    formulas: int = 0
    bad_strings: int = 0
    is_damaged: bool = False


class CellTexts:
    """Shows the values of the cells of one workbook, whose shared strings and number formats it knows."""

    def __init__(self, strings: Sequence[str], formats: Sequence[NumberFormat | None]) -> None:
        self._strings = strings
        self._formats = formats
        self._showers: dict[tuple[str, str], Callable[[str], str]] = {}

    def shower(self, kind: str, style: str) -> Callable[[str], str]:
        """Return the function that shows values of cells of a type and style. It raises IndexError for a missing text."""
        shower = self._showers.get((kind, style))
        if shower is None:
            shower = self._make_shower(kind, self._format(style))
            if len(self._showers) < _MAX_REMEMBERED:
                self._showers[kind, style] = shower
        return shower

    def _format(self, style: str) -> NumberFormat | None:
        index = int(style) if style.isdecimal() and len(style) < 10 else 0
        return self._formats[index] if index < len(self._formats) else None

    def _make_shower(self, kind: str, number_format: NumberFormat | None) -> Callable[[str], str]:
        if kind in ("", NUMBER):
            if number_format is None:
                return show_general
            return _remember(number_format) if number_format.is_date else _show_number(number_format)
        if kind == "b":
            return lambda value: {"1": "TRUE", "0": "FALSE"}.get(value.strip(), value)
        if kind == "d":
            return format_iso_text
        show = self._shared_string if kind == SHARED_STRING else lambda value: clean_cell(unescape(value))
        if number_format is None or not number_format.changes_text:
            return show
        with_words = number_format.format_text
        return lambda value: clean_cell(with_words(text)) if (text := show(value)) else ""

    def _shared_string(self, value: str) -> str:
        try:
            return self._strings[int(value)]
        except ValueError as exc:
            raise IndexError from exc


def show_general(value: str) -> str:
    """Return a number without a format as the sheet shows it. Whole numbers keep all of their digits."""
    if value.isdecimal():
        return value
    try:
        return format_general(float(value))
    except ValueError:
        return clean_cell(value)


def show_formula(formula: str) -> str:
    """Return a formula as the sheet shows it: without the prefixes that mark functions of later versions."""
    text = clean_cell(formula)
    return f"={_FUTURE_FUNCTION.sub('', text)}" if text else ""


def _show_number(number_format: NumberFormat) -> Callable[[str], str]:
    def show(value: str) -> str:
        try:
            return clean_cell(number_format(float(value)))
        except (ValueError, OverflowError):
            return clean_cell(value)

    return show


def _remember(number_format: NumberFormat) -> Callable[[str], str]:
    """Return a function that formats dates and remembers the last ones: columns repeat theirs."""
    known: dict[str, str] = {}
    show_number = _show_number(number_format)

    def show(value: str) -> str:
        text = known.get(value)
        if text is None:
            text = show_number(value)
            if len(known) >= _MAX_REMEMBERED:
                known.clear()
            known[value] = text
        return text

    return show
