"""Show the numbers of spreadsheets as their cells do, by the number format of the cell.

The result is what an English Excel shows: "," groups digits and "." is the decimal point. Dates are in ISO 8601.
"""

from collections.abc import Callable
from functools import lru_cache

from ingest.steps.parse.formats.sheets.dates import format_date
from ingest.steps.parse.formats.sheets.digits import compile_digits, format_general
from ingest.steps.parse.formats.sheets.format_code import parse_code

_MAX_PLAIN = 1e14
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, operand: value < operand,
    "<=": lambda value, operand: value <= operand,
    ">": lambda value, operand: value > operand,
    ">=": lambda value, operand: value >= operand,
    "=": lambda value, operand: value == operand,
    "<>": lambda value, operand: value != operand,
}


class NumberFormat:
    """A compiled format code. Calling it with a number returns the text that the cell shows."""

    def __init__(self, code: str, *, is_1904: bool = False) -> None:
        sections = parse_code(code)
        self._is_1904 = is_1904
        texts = [section for section in sections if section.kind == "text"]
        self._text_section = texts[-1] if texts else None
        self._sections = [section for section in sections[:3] if section.kind != "text"]
        self._show = [compile_digits(section) for section in self._sections]
        is_number = len(self._sections) == 1 and self._sections[0].kind == "number" and not self._sections[0].condition
        self._only = self._show[0] if is_number else None
        self._has_conditions = any(section.condition for section in self._sections)
        is_plain = len(self._sections) == 1 and self._sections[0].kind == "general"
        self.is_general = not self._sections or (is_plain and len(self._sections[0].tokens) == 1)
        self.is_date = any(section.kind == "date" for section in self._sections)
        self.changes_text = self._text_section is not None and len(self._text_section.tokens) > 1

    def __call__(self, value: float) -> str:
        """Return a number as the cell shows it. A number that its format hides is shown, unless it is 0."""
        if self._only is not None and 0 < value < _MAX_PLAIN:
            return self._only(value).strip() or format_general(value)
        if self.is_general or value in (float("inf"), float("-inf")) or value != value:
            return format_general(value)
        index, keeps_sign = self._select(value)
        if index is None:
            return format_general(value)
        section = self._sections[index]
        if section.kind == "date":
            text = format_date(section, value, is_1904=self._is_1904)
            return format_general(value) if text is None else text
        text = self._show[index](abs(value)).strip()
        if not text and value:
            return format_general(value)
        return f"-{text}" if value < 0 and keeps_sign else text

    def format_text(self, text: str) -> str:
        """Return a text as the cell shows it: some formats add words to it."""
        if self._text_section is None or not self.changes_text:
            return text
        return "".join(text if token.kind == "text" else token.text for token in self._text_section.tokens)

    def _select(self, value: float) -> tuple[int | None, bool]:
        """Return the index of the section for a number, and whether its minus sign is shown."""
        sections = self._sections
        if self._has_conditions:
            for index, section in enumerate(sections):
                if section.condition is None or _COMPARISONS[section.condition[0]](value, section.condition[1]):
                    first = sections[0].condition
                    is_rest = index and section.condition is None and first in ((">", 0), (">=", 0))
                    return index, not (section.shows_only_negatives or bool(is_rest))
            return None, True
        if len(sections) > 1 and value < 0:
            return 1, False
        if len(sections) > 2 and value == 0:
            return 2, True
        return 0, True


@lru_cache(2000)
def compile_format(code: str, *, is_1904: bool = False) -> NumberFormat:
    """Return the compiled format of a code; the last ones are cached, because workbooks share theirs."""
    return NumberFormat(code, is_1904=is_1904)


BUILT_IN_FORMATS: dict[int, str] = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "m/d/yyyy",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "m/d/yyyy h:mm",
    5: '"$"#,##0;-"$"#,##0',
    6: '"$"#,##0;-"$"#,##0',
    7: '"$"#,##0.00;-"$"#,##0.00',
    8: '"$"#,##0.00;-"$"#,##0.00',
    37: "#,##0;(#,##0)",
    38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)",
    41: '#,##0;(#,##0);"-"',
    42: '"$"#,##0;"$"(#,##0);"$-"',
    43: '#,##0.00;(#,##0.00);"-"',
    44: '"$"#,##0.00;"$"(#,##0.00);"$-"',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    **dict.fromkeys([*range(27, 32), 34, 35, 36, *range(50, 55), 57, 58], "yyyy/mm/dd"),
    **dict.fromkeys([32, 33, 55, 56], "h:mm:ss"),
    59: "0",
    60: "0.00",
    61: "#,##0",
    62: "#,##0.00",
    67: "0%",
    68: "0.00%",
    69: "# ?/?",
    70: "# ??/??",
    71: "d/m/yyyy",
    72: "d-mmm-yy",
    73: "d-mmm",
    74: "mmm-yy",
    75: "h:mm",
    76: "h:mm:ss",
    77: "d/m/yyyy h:mm",
    78: "mm:ss",
    79: "[h]:mm:ss",
    80: "mm:ss.0",
    81: "d/m/yyyy",
}
"""Format codes of the ids that workbooks use without defining them; the codes of 27 to 36 and 50 to 58 are East Asian."""
