"""Plain text: what is made readable, and what stays as it is."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError
from ingest.steps.parse.plain import read_plain
from tests.steps.parse.documents import Parse
from tests.timing import assert_linear

SUFFIXES = [
    "",
    "txt",
    "md",
    "rst",
    "org",
    "adoc",
    "wiki",
    "tex",
    "bib",
    "json",
    "log",
    "csv",
    "tsv",
    "properties",
    "po",
    "yml",
]


def test_properties_in_latin_1_are_decoded() -> None:
    assert read_plain("title=Größe der Straße\n".encode("latin-1"), "properties").text == "title=Größe der Straße\n"


def test_replaced_bytes_are_counted_in_the_report(parse: Parse) -> None:
    report = parse("a.txt", "Größe und Übung für Straße äöü\n".encode() + b"\xff\xfe end").report

    assert report.replaced_characters == 2
    assert [warning.code for warning in report.warnings] == ["characters_replaced"]
    assert (report.reader, report.parts) == ("ingest", {})


def test_a_soft_hyphen_does_not_hide_a_word(parse: Parse) -> None:
    assert parse("a.txt", "Kranken\u00adversicherung".encode()).text == "Krankenversicherung"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SUFFIXES))
def test_any_bytes_are_text_with_right_offsets_or_refused(data: bytes, suffix: str) -> None:
    _check_offsets(data, suffix)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("#=-`~*|,;\"'\\{}ux0a\n\r\t \b\x1b[mé:/$%"), max_size=60), st.sampled_from(SUFFIXES))
def test_any_signs_give_right_offsets(text: str, suffix: str) -> None:
    _check_offsets(text.encode(), suffix)


def _check_offsets(data: bytes, suffix: str) -> None:
    try:
        parsed = read_plain(data, suffix)
    except FileError:
        return
    length = len(parsed.text)
    starts = [heading.start for heading in parsed.headings]
    assert starts == sorted(starts)
    assert all(0 <= start < length for start in starts)
    assert all(heading.title in parsed.text or heading.title for heading in parsed.headings)
    for table in parsed.tables:
        assert 0 <= table.start <= table.header_end < table.end <= length


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "unit",
    ["\\", "\\u", "# ", "=\n", '"', "a\b", "\x1b[", "{\\", "\\'{", "`", "a\r", "A" * 59, "data:image/png;base64,"],
)
def test_repeated_signs_take_linear_time(suffix: str, unit: str, tmp_path: Path) -> None:
    assert_linear(lambda size: read_plain((unit * (size // len(unit))).encode(), suffix), 60_000)
