"""Digits in the places of a number format."""

import pytest

from ingest.steps.parse.formats.sheets.digits import compile_digits, format_general
from ingest.steps.parse.formats.sheets.format_code import parse_code
from ingest.steps.parse.formats.sheets.number_format import NumberFormat


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
    ("value", "shown"),
    [(0.1 + 0.2, "0.3"), (5.0, "5"), (1e15, "1e+15"), (123456789012345.0, "123456789012345"), (-2.5, "-2.5")],
)
def test_a_general_number_has_up_to_fifteen_digits(value: float, shown: str) -> None:
    assert format_general(value) == shown


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ('"about "0.0', 2.25, "about 2.3"),
        ("#,##0", 1e15, "1,000,000,000,000,000"),
        ("??0", 7, "  7"),
        ("0%%", 0.5, "5000%%"),
        ("0.000000000000", 12345.678, "12345.678000000000"),
        ("0.0000%", 1234567890.5, "123456789050.0000%"),
        ("0." + "0" * 40, 0.5, "0.5" + "0" * 29),
        ("General", 0.1 + 0.2, "0.3"),
        ("00.0E+000", 123456, "12.3E+004"),
        ("?/?", 0.25, "1/4"),
        ("# ?/2", 1.99, "2"),
    ],
)
def test_a_section_shows_a_number_in_its_places(code: str, value: float, shown: str) -> None:
    (section,) = parse_code(code)

    assert compile_digits(section)(value) == shown
