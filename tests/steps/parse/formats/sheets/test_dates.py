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


@pytest.mark.parametrize(
    ("serial", "moment"),
    [
        (45352.604166667, datetime.datetime(2024, 3, 1, 14, 30)),  # noqa: DTZ001 - serial numbers have no time zone
        (1, datetime.datetime(1900, 1, 1)),  # noqa: DTZ001 - serial numbers have no time zone
        (59, datetime.datetime(1900, 2, 28)),  # noqa: DTZ001 - serial numbers have no time zone
        (61, datetime.datetime(1900, 3, 1)),  # noqa: DTZ001 - serial numbers have no time zone
        (MAX_SERIAL, datetime.datetime(9999, 12, 31)),  # noqa: DTZ001 - serial numbers have no time zone
        (0.75, None),
    ],
)
def test_serial_numbers_count_days_from_1900(serial: float, moment: datetime.datetime | None) -> None:
    assert to_datetime(serial) == moment


def test_midnight_is_not_shown_in_a_date() -> None:
    moment = datetime.datetime(2024, 3, 1)  # noqa: DTZ001 - serial numbers have no time zone

    assert format_iso(moment) == "2024-03-01"
    assert format_iso(moment.replace(hour=9, microsecond=5)) == "2024-03-01 09:00:00"


@pytest.mark.parametrize(("value", "time"), [(0, "00:00:00"), (45352.604166667, "14:30:00"), (0.9999999, "00:00:00")])
def test_the_fraction_of_a_day_is_a_time(value: float, time: str) -> None:
    assert format_iso_time(value) == time


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2024-03-01T00:00:00.000", "2024-03-01"),
        (" 2024-03-01T14:30:00Z ", "2024-03-01 14:30:00"),
        ("2024-03-01", "2024-03-01"),
        ("T14:30:00.5", "14:30:00"),
    ],
)
def test_dates_that_a_file_stores_as_texts_are_shown_the_same(text: str, shown: str) -> None:
    assert format_iso_text(text) == shown


@pytest.mark.parametrize(
    ("code", "value"), [("yyyy-mm-dd", -1), ("yyyy-mm-dd", MAX_SERIAL + 1), ("h:mm", -0.5), ("[h]:mm", 1e9)]
)
def test_a_number_beyond_the_calendar_is_no_date(code: str, value: float) -> None:
    (section,) = parse_code(code)

    assert format_date(section, value, is_1904=False) is None
