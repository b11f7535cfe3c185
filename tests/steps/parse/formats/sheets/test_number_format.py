"""Number formats: numbers as an English Excel shows them, dates in ISO 8601."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.sheets.number_format import BUILT_IN_FORMATS, NumberFormat, compile_format

ACCOUNTING = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", 1234, "01234"),
        ("000-00-0000", 12345678, "012-34-5678"),
        ("(###) ###-####", 5551234567, "(555) 123-4567"),
        ("0000000000000", 4006381333931, "4006381333931"),
        ('00"-"00', 1234, "12-34"),
        ("0.00 EUR", 3, "3.00 EUR"),
        ("#,##0.00\\ [$€-407]", 1234.5, "1,234.50 €"),
        ("[$CHF] #,##0", 1500, "CHF 1,500"),
        (ACCOUNTING, 1234.5, "$1,234.50"),
        (ACCOUNTING, -1234.5, "$(1,234.50)"),
        (ACCOUNTING, 0, "$-"),
        ("#,##0;(#,##0)", -1234, "(1,234)"),
        ("0.00;0.00", -5, "5.00"),
        ("0;-0;;@", 0, ""),
        (";;;", 5, "5"),
        ('[>=1000]#,##0,"k";0', 123456, "123k"),
        ('[>=1000]#,##0,"k";0', 12, "12"),
        ('[<0]"minus "0;0', -5, "minus 5"),
        ('[=1]"one";[=2]"two";0', 2, "two"),
    ],
)
def test_codes_currencies_signs_and_conditions_are_shown(code: str, value: float, shown: str) -> None:
    assert NumberFormat(code)(value) == shown


def test_a_format_may_add_words_to_texts() -> None:
    number_format = NumberFormat('0;-0;0;"Mr. "@')
    assert (number_format.changes_text, number_format.format_text("Smith")) == (True, "Mr. Smith")
    assert not NumberFormat("0.00;@").changes_text


def test_every_built_in_format_shows_a_number() -> None:
    for code in BUILT_IN_FORMATS.values():
        assert compile_format(code)(45352.5)


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet='0#?.,%/E+-@;"\\_*[]()$€hmsydAP: GeneralkgMb<>=1234', max_size=40),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_any_code_shows_any_number(code: str, value: float) -> None:
    number_format = NumberFormat(code)
    assert isinstance(number_format(value), str)
    assert isinstance(number_format.format_text("text"), str)
