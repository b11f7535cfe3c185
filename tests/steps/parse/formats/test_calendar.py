"""Calendars and contacts."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.calendar import read
from tests.steps.parse.documents import Parse
from tests.timing import assert_linear

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//EN
BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:19701025T030000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example.org
DTSTART;TZID="Europe/Berlin":20240131T140000
DTEND:20240131T150000Z
SUMMARY:Review\\, quarterly
DESCRIPTION:With the procurement depart
 ment and the suppliers.\\nBring Gr\u00f6\u00dfe
 n.
ORGANIZER;CN="Smith, Mary":mailto:mary@example.org
ATTENDEE;CN=J\u00fcrgen;RSVP=TRUE:mailto:j@example.org
LOCATION:Room 7
BEGIN:VALARM
TRIGGER:-PT15M
DESCRIPTION:Reminder
END:VALARM
END:VEVENT
BEGIN:VEVENT
SUMMARY:Holiday
DTSTART;VALUE=DATE:20240501
RRULE:FREQ=YEARLY
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

CARD = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen
FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:J=FCrgen=
 M=FCller
ORG:Example;Sales
TEL;WORK;VOICE:+49 1
item1.EMAIL;INTERNET:j@example.org
ADR;HOME:;;Main St 1;Oslo;;0150;Norway
PHOTO;ENCODING=BASE64;JPEG:AAAA
NOTE;ENCODING=QUOTED-PRINTABLE:first=0D=0Asecond
END:VCARD
"""


def test_events_are_readable_lines_below_their_summary(parse: Parse) -> None:
    parsed = parse("a.ics", EVENT.encode())

    assert parsed.text == (
        "Review, quarterly\n\n"
        "Start: 2024-01-31 14:00 (Europe/Berlin)\nEnd: 2024-01-31 15:00 UTC\n"
        "With the procurement department and the suppliers.\nBring Größen.\n"
        "Organizer: Smith, Mary <mary@example.org>\nAttendee: Jürgen <j@example.org>\nLocation: Room 7\n\n"
        "Holiday\n\nStart: 2024-05-01\nRepeats: FREQ=YEARLY"
    )
    assert [(parsed.text[h.start :].split("\n")[0], h.level) for h in parsed.headings] == [
        ("Review, quarterly", 1),
        ("Holiday", 1),
    ]
    assert parsed.report.parts == {"entry": {"read": 2}}


def test_a_fold_inside_a_character_is_joined(parse: Parse) -> None:
    data = b"BEGIN:VEVENT\r\nSUMMARY:Gr\xc3\r\n \xb6\xc3\x9fe\r\nEND:VEVENT\r\n"

    assert parse("a.ics", data).text == "Größe"


def test_a_contact_has_its_name_and_addresses(parse: Parse) -> None:
    parsed = parse("a.vcf", CARD.encode())

    assert parsed.text == (
        "Jürgen Müller\n\nOrganization: Example, Sales\nTelephone: +49 1\nEmail: j@example.org\n"
        "Address: Main St 1, Oslo, 0150, Norway\nNote: first\nsecond"
    )
    assert parsed.report.parts == {"image": {"not_read": 1}, "entry": {"read": 1}}


def test_a_calendar_in_an_old_character_set_is_decoded(parse: Parse) -> None:
    assert (
        parse("a.ics", "BEGIN:VEVENT\nSUMMARY:Größe der Halle\nEND:VEVENT".encode("latin-1")).text == "Größe der Halle"
    )


LINES = [
    "BEGIN:VEVENT",
    "END:VEVENT",
    "BEGIN:VALARM",
    "SUMMARY:a\\",
    'X;A="b":c',
    " fold",
    ":",
    ";=",
    "N:é",
    "DTSTART:x",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES)))
def test_any_lines_are_read_with_right_offsets(lines: list[str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write("\n".join(lines).encode())
        file.flush()
        parsed = read(Path(file.name))

    assert all(parsed.text[heading.start :].startswith(heading.title[:1]) for heading in parsed.headings)


@pytest.mark.parametrize("name", ["attachment", "export.txt"])
def test_a_calendar_is_known_by_its_first_line(parse: Parse, name: str) -> None:
    assert parse(name, EVENT.encode()).kind == "calendar"


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a.",
        ";",
        ';a="',
        "SUMMARY:x\n",
        "BEGIN:VEVENT\n",
        "BEGIN:VALARM\n",
        "\\",
        "NOTE;ENCODING=QUOTED-PRINTABLE:a=\n",
    ],
)
def test_repeated_signs_take_linear_time(unit: str) -> None:
    def read_repeated(size: int) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write((unit * (size // len(unit))).encode())
            file.flush()
            read(Path(file.name))

    assert_linear(read_repeated, 200_000)
