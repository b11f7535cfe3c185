"""The table of a CSV or TSV file."""

import pytest

from ingest.steps.parse.parsed import Table
from ingest.steps.parse.plain import read_plain


def table(text: str, suffix: str = "csv") -> Table | None:
    parsed = read_plain(text.encode(), suffix)
    assert parsed.text == text
    return parsed.tables[0] if parsed.tables else None


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        ("csv", "name,city\nA,B\nC,D\n"),
        ("csv", "name;city\nA, B;C\n"),
        ("csv", "name\tcity\nA\tB\n"),
        ("tsv", "name\tcity\nA\tB\n"),
        ("csv", "name\nA\nB\n"),
    ],
)
def test_the_first_row_is_the_header(suffix: str, text: str) -> None:
    found = table(text, suffix)

    assert found is not None
    assert text[found.start : found.header_end] == text.split("\n")[0]
    assert (found.end, found.row_numbers) == (len(text) - 1, ((0, 1),))


def test_a_header_with_quoted_line_ends_ends_behind_them() -> None:
    text = '"first\nname","a ""b"", c"\nx,y\n'
    found = table(text)

    assert found is not None
    assert text[: found.header_end] == '"first\nname","a ""b"", c"'


def test_a_title_above_the_table_is_no_header() -> None:
    text = "Report 2024\n\nname,city\nA,B\nC,D\n"
    found = table(text)

    assert found is not None
    assert text[found.start : found.header_end] == "name,city"
    assert found.row_numbers == ((13, 3),)


def test_rows_are_numbered_by_records() -> None:
    text = 'name,note\nA,"one\ntwo\nthree"\nB,x\n'
    found = table(text)

    assert found is not None
    assert found.row_numbers == ((0, 1), (text.index("B,x"), 3))


@pytest.mark.parametrize("text", ["only one line", "name,city\n", "\n\n"])
def test_a_text_of_one_row_is_no_table(text: str) -> None:
    assert table(text) is None


def test_an_open_quote_does_not_make_the_file_its_header() -> None:
    text = 'size 5",b\n' + "1,2\n" * 20_000
    found = table(text)

    assert found is not None
    assert found.header_end < 25_000
