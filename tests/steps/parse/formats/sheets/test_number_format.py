"""Number formats: numbers as an English Excel shows them, dates in ISO 8601."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.sheets.number_format import BUILT_IN_FORMATS, NumberFormat, compile_format

ACCOUNTING = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)'


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("General", 0.1 + 0.2, "0.3"),
        ("General", 1e21, "1e+21"),
        ('General" kg"', 5.25, "5.25 kg"),
        ("@", 12.5, "12.5"),
        ("0", 2.5, "3"),
        ("0", -0.6, "-1"),
        ("0.00", 2.675, "2.68"),
        ("0.00", 1.005, "1.01"),
        ("0.##", 12, "12"),
        ("0.##", 12.5, "12.5"),
        ("0.0?", 1.2, "1.2"),
        (".00", 0.5, ".50"),
        ("#,##0", 1234567, "1,234,567"),
        ("#,###", 0, ""),
        ("#,##0.00", 1e21, "1,000,000,000,000,000,000,000.00"),
        ('#,##0,,"M"', 12_345_678, "12M"),
        ('#,##0.0,,"M"', 12_345_678, "12.3M"),
        ("0.00,", 1500, "1.50"),
        ("#,##0,", 12_345_678, "12,346"),
        ("0.0%", 0.155, "15.5%"),
        ("0%", 12.345, "1235%"),
        ("0.0%;[Red]-0.0%", -0.155, "-15.5%"),
    ],
)
def test_numbers_have_the_digits_groups_and_percentages_of_their_format(code: str, value: float, shown: str) -> None:
    assert NumberFormat(code)(value) == shown


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


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("0.00E+00", 123456, "1.23E+05"),
        ("0.00E+00", 9.999, "1.00E+01"),
        ("0.00E+00", 0, "0.00E+00"),
        ("0.0E-0", 0.00012, "1.2E-4"),
        ("##0.0E+0", 123456, "123.5E+3"),
        ("# ?/?", 1.5, "1 1/2"),
        ("# ?/?", 2, "2"),
        ("# ??/??", 3.14159, "3 14/99"),
        ("# ?/4", 0.74, "3/4"),
        ("?/?", 1.5, "3/2"),
        ("# ?/?", -0.5, "-1/2"),
    ],
)
def test_powers_and_fractions_are_shown(code: str, value: float, shown: str) -> None:
    assert NumberFormat(code)(value) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("m/d/yyyy", 45352, "2024-03-01"),
        ("m/d/yyyy", 45352.75, "2024-03-01"),
        ("[$-409]d-mmm-yy;@", 45352, "2024-03-01"),
        ("dd.mm.yyyy hh:mm", 45352.604166667, "2024-03-01 14:30:00"),
        ("dd.mm.yyyy hh:mm", 45352, "2024-03-01"),
        ('yyyy"年"m"月"d"日"', 45352.5, "2024-03-01"),
        ('"As of "dd.mm.yyyy', 45352, "As of 2024-03-01"),
        ('d" de "mmmm" de "yyyy', 45352, "2024-03-01"),
        ("mmm-yy", 45352, "2024-03-01"),
        ("[$-x-sysdate]dddd, mmmm dd, yyyy", 45352, "2024-03-01"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 45352, "2024-03-01"),
        ("yyyy", 45352, "2024"),
        ("mmmm", 45352, "March"),
        ("dddd", 45352, "Friday"),
        ("m/d/yy", 59, "1900-02-28"),
        ("m/d/yy", 61, "1900-03-01"),
        ("m/d/yy", -3, "-3"),
        ("m/d/yy", 3e9, "3000000000"),
    ],
)
def test_dates_are_in_iso_8601(code: str, value: float, shown: str) -> None:
    assert NumberFormat(code)(value) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("h:mm", 45352.75, "18:00"),
        ("h:mm:ss", 0.999999999, "0:00:00"),
        ("h:mm AM/PM", 0.604166667, "2:30 PM"),
        ("[$-F400]h:mm:ss\\ AM/PM", 0, "12:00:00 AM"),
        ("[h]:mm", 1.2604166666666667, "30:15"),
        ("[h]:mm", -1.5, "-36:00"),
        ("[mm]:ss", 0.05, "72:00"),
        ("[ss]", 0.01, "864"),
        ("mm:ss.0", 0.00123, "01:46.3"),
        ("[h]:mm:ss", 100, "2400:00:00"),
    ],
)
def test_times_and_durations_are_shown_as_in_the_sheet(code: str, value: float, shown: str) -> None:
    assert NumberFormat(code)(value) == shown


def test_dates_of_the_1904_system_are_four_years_later() -> None:
    assert NumberFormat("yyyy-mm-dd", is_1904=True)(43890) == "2024-03-01"
    assert NumberFormat("h:mm", is_1904=True)(0.5) == "12:00"


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
