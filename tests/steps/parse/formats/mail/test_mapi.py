"""Properties of Outlook messages."""

import pytest

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.mapi import Properties, add_body, add_headers, person
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.mail.messages import lzfu, outlook


@pytest.mark.parametrize(
    "values",
    [
        {0x1013: b"<p>Gr\xfc\xdfe</p>", 0x3FDE: 1252},
        {0x1013: "<meta charset=utf-8><p>Grüße</p>".encode()},
        {0x1013: "<p>Grüße</p>"},
        {0x1000: "This is an HTML email.", 0x1013: "<p>Grüße</p>"},
        {0x1009: lzfu(b"{\\rtf1\\ansi Gr\\'fc\\'dfe\\par}")},
    ],
)
def test_the_body_is_text_html_or_rtf(
    parse: Parse, documents: DocumentBuilder, values: dict[int, str | bytes | int]
) -> None:
    assert parse("a.msg", outlook({0x0037: "s"} | values, documents)).text == "Subject: s\n\nGrüße"


UNICODE, STRING, BINARY = 0x001F, 0x001E, 0x0102


def test_a_string_in_unicode_wins_and_others_are_in_the_code_page_of_the_message() -> None:
    both = {(0x0037, UNICODE): "Привет\0".encode("utf-16-le"), (0x0037, STRING): b"?"}

    assert Properties({}, both).text(0x0037) == "Привет"
    assert Properties({0x3FFD: 1251}, {(0x0037, STRING): "Привет\0".encode("cp1251")}).text(0x0037) == "Привет"
    assert Properties({}, {(0x0037, STRING): "Привет".encode("cp1251")}, 1251).text(0x0037) == "Привет"


def test_text_is_one_line_and_a_block_keeps_its_lines() -> None:
    properties = Properties({}, {(0x1000, UNICODE): "one\r\n two".encode("utf-16-le")})

    assert properties.text(0x0037, 0x1000) == "one two"
    assert properties.block(0x1000) == "one\r\n two"
    assert (properties.text(0x0037), properties.binary(0x1013)) == ("", b"")


def test_times_count_from_1601_in_tenths_of_microseconds() -> None:
    ticks = 133_485_408_000_000_000

    assert Properties({0x0E06: ticks}, {}).time(0x0039, 0x0E06) == "2024-01-01 00:00:00+00:00"
    assert Properties({0x0039: 2**63}, {}).time(0x0039) == ""
    assert Properties({}, {}).time(0x0039) == ""


@pytest.mark.parametrize(
    ("name", "address", "expected"),
    [
        ("Ann", "ann@example.org", "Ann <ann@example.org>"),
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        ("Ann", "/o=org/cn=ann", "Ann"),
        ("", "/o=org/cn=ann", "/o=org/cn=ann"),
        ("Ann", "", "Ann"),
        ("", "", ""),
    ],
)
def test_a_person_is_a_name_with_an_address_that_says_something(name: str, address: str, expected: str) -> None:
    assert person(name, address) == expected


def test_headers_without_a_value_are_left_out() -> None:
    builder = TextBuilder()
    names = {0x0037: "Plan", 0x0042: "Ann", 0x3A1C: "555 1234"}
    streams = {(identifier, UNICODE): text.encode("utf-16-le") for identifier, text in names.items()}

    add_headers(builder, Properties({}, streams), {"To": "Bob", "Cc": ""})

    assert builder.build() == "Subject: Plan\nFrom: Ann\nTo: Bob\nMobile telephone: 555 1234"


@pytest.mark.parametrize("data", [b"junk", b"\0" * 16, b"\xff" * 40])
def test_a_damaged_rtf_body_is_a_warning(data: bytes) -> None:
    builder = TextBuilder()

    add_body(builder, Properties({}, {(0x1009, BINARY): data}))

    parsed = builder.parsed("msg")
    assert parsed.text == ""
    assert [warning.code for warning in parsed.report.warnings] == ["body_not_read"]
