"""Serial numbers as dates, times of day and durations."""

import datetime

import pytest

from ingest.steps.parse.formats.sheets.dates import (
    MAX_SERIAL,
    format_date,
    format_iso,
    format_iso_text,
    format_iso_time,
    to_datetime,
)
from ingest.steps.parse.formats.sheets.format_code import parse_code
from ingest.steps.parse.formats.sheets.number_format import NumberFormat


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
