"""The records of a binary workbook."""

import struct

import pytest

from ingest.steps.parse.formats.sheets.records import read_records, read_string
from tests.steps.parse.workbooks import record, wide_string


def test_records_have_types_and_lengths_of_several_bytes() -> None:
    bodies = {7: b"abc", 635: b"", 617: b"x" * 300, 1: b"y" * 20_000}
    data = b"".join(record(kind, body) for kind, body in bodies.items())

    assert {kind: data[start:end] for kind, start, end in read_records(data)} == bodies


def test_a_cut_record_ends_the_part() -> None:
    data = record(7, b"abc") + record(635, b"x" * 200)

    for size in range(5, len(data)):
        assert [kind for kind, _, _ in read_records(data[:size])] == [7]
    assert list(read_records(b"")) == []


def test_a_string_ends_where_its_length_says() -> None:
    data = b"\0" + wide_string("Ünïcode") + b"rest"

    assert read_string(data, 1, len(data)) == ("Ünïcode", len(data) - 4)


@pytest.mark.parametrize(
    ("data", "text", "end"),
    [
        (b"\xff\xff\xff\xff", "", 4),
        (b"\1\0", "", 2),
        (struct.pack("<I", 900) + "cut".encode("utf-16-le"), "cut", 10),
        (wide_string(""), "", 4),
    ],
)
def test_strings_that_are_null_empty_or_cut_end_within_the_record(data: bytes, text: str, end: int) -> None:
    assert read_string(data, 0, len(data)) == (text, end)
