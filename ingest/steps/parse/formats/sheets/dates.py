"""Show serial numbers of spreadsheets as dates and times.

Dates are in ISO 8601 whatever their format, because d/m and m/d are not told apart in a search. Times of day and
durations are as the sheet shows them.
"""

import datetime
import math
from collections.abc import Iterable

from ingest.steps.parse.formats.sheets.format_code import Section, Token

MAX_SERIAL = 2_958_465  # 31 December 9999
_DAYS_TO_1904 = 1462
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - serial numbers have no time zone
_FALSE_LEAP_DAY = 60  # Excel counts 29 February 1900, so the days before it are one later
_DAY_SECONDS = 86_400
_UNITS_IN_LITERALS = frozenset("年月日時时分秒년월일시분초")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def format_date(section: Section, value: float, *, is_1904: bool) -> str | None:
    """Return a serial number as the section shows it, or None if it is no date (Excel then shows ####)."""
    units = {token.text[0] for token in section.tokens if token.kind == "date"}
    if any(token.kind == "elapsed" for token in section.tokens):
        return _format_clock(section.tokens, value) if abs(value) <= MAX_SERIAL else None
    has_date = bool(units & set("ymdeba"))
    if is_1904 and has_date:
        value += _DAYS_TO_1904
    if not 0 <= value < MAX_SERIAL + 1:
        return None
    if not has_date:
        return _format_clock(section.tokens, value % 1)
    moment = to_datetime(value)
    if moment is None:
        return format_iso_time(value)
    before, after = _literals_around(section.tokens)
    return f"{before}{_show_date(section.tokens, units, moment)}{after}"


def to_datetime(value: float) -> datetime.datetime | None:
    """Return the moment of a serial number of the 1900 system to the second, or None for a time without a date."""
    if value < 1:
        return None
    days = math.floor(value)
    if days < _FALSE_LEAP_DAY:
        value += 1
    return _EPOCH + datetime.timedelta(seconds=round(value * _DAY_SECONDS))


def format_iso(moment: datetime.datetime) -> str:
    """Return a moment in ISO 8601, without the time if it is midnight."""
    return str(moment.date() if moment.time() == datetime.time() else moment.replace(microsecond=0))


def format_iso_time(value: float) -> str:
    """Return the fraction of a day as hh:mm:ss."""
    seconds = round(value % 1 * _DAY_SECONDS) % _DAY_SECONDS
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def format_iso_text(text: str) -> str:
    """Return a date that a file stores as an ISO 8601 text as this module shows dates."""
    text = text.strip().removesuffix("Z")
    date, separator, time = text.partition("T")
    time = time.partition(".")[0]
    return date if not time.strip("0:") else f"{date}{' ' if date and separator else ''}{time}"


def _show_date(tokens: Iterable[Token], units: set[str], moment: datetime.datetime) -> str:
    units = units - {"g"}
    names = [token.text for token in tokens if token.kind == "date" and token.text[0] in "mda"]
    if units <= {"d", "a"} and all(name[0] == "a" or len(name) >= 3 for name in names):
        return _WEEKDAYS[moment.weekday()]
    if units == {"m"} and len(names[0]) >= 3:
        return _MONTHS[moment.month - 1]
    if units <= {"y", "e", "b"}:
        return str(moment.year)
    return format_iso(moment) if units & set("hsn") else str(moment.date())


def _literals_around(tokens: tuple[Token, ...]) -> tuple[str, str]:
    """Return the words before and after the parts of a date."""
    positions = [index for index, token in enumerate(tokens) if token.kind != "literal"]
    words = []
    for part in (tokens[: positions[0]], tokens[positions[-1] + 1 :]):
        text = "".join(token.text for token in part)
        letters = {character for character in text if character.isalpha()}
        words.append(text if letters and not letters <= _UNITS_IN_LITERALS else "")
    return words[0], words[1]


def _format_clock(tokens: tuple[Token, ...], value: float) -> str:
    """Return a time of day, or with an elapsed unit a duration, as the tokens show it."""
    decimals = sum(1 for token in tokens if token.kind == "digit")
    scale = 10**decimals
    ticks = round(abs(value) * _DAY_SECONDS * scale)
    seconds, fraction = divmod(ticks, scale)
    has_halves = any(token.kind == "ampm" for token in tokens)
    rest = f"{fraction:0{decimals}}" if decimals else ""
    parts: list[str] = []
    for token in tokens:
        match token.kind:
            case "elapsed":
                parts.append(_elapsed(token.text, seconds))
            case "date":
                parts.append(_clock_unit(token.text, seconds, has_halves=has_halves))
            case "ampm":
                parts.append("AM" if seconds // 3600 % 24 < 12 else "PM")
            case "digit":
                parts.append(rest[:1])
                rest = rest[1:]
            case _:
                parts.append(token.text)
    return ("-" if value < 0 and ticks else "") + "".join(parts).strip()


def _elapsed(unit: str, seconds: int) -> str:
    size = {"h": 3600, "m": 60, "s": 1}[unit[0]]
    return f"{seconds // size:0{min(len(unit), 20)}}"


def _clock_unit(unit: str, seconds: int, *, has_halves: bool) -> str:
    hour = seconds // 3600 % 24
    if has_halves:
        hour = hour % 12 or 12
    number = {"h": hour, "n": seconds // 60 % 60, "s": seconds % 60}.get(unit[0])
    return "" if number is None else f"{number:0{min(len(unit), 2)}}"
