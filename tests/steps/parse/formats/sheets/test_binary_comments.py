"""Comments of a sheet of a binary workbook."""

import struct

from ingest.steps.parse.formats.sheets.binary_comments import read_binary_comments
from tests.steps.parse.workbooks import record, wide_string

AUTHORS = record(632, wide_string("Ann")) + record(632, wide_string("Bo Li"))


def _comment(author: int, row: int, column: int, text: str) -> bytes:
    place = struct.pack("<5I", author, row, row, column, column)
    return record(635, place + bytes(16)) + record(637, b"\0" + wide_string(text)) + record(636, b"")


def test_comments_have_their_cells_and_authors() -> None:
    data = AUTHORS + _comment(1, 0, 0, "First") + _comment(0, 4, 27, "Second")

    assert list(read_binary_comments(data)) == [("A1", "Bo Li", "First"), ("AB5", "Ann", "Second")]


def test_an_author_who_is_not_listed_is_left_out() -> None:
    assert list(read_binary_comments(AUTHORS + _comment(2, 1, 1, "Whose?"))) == [("B2", "", "Whose?")]


def test_a_text_without_a_cell_and_a_comment_that_is_cut_are_skipped() -> None:
    alone = record(637, b"\0" + wide_string("Nowhere"))

    assert list(read_binary_comments(alone + record(635, bytes(20)) + alone)) == []
    assert list(read_binary_comments((AUTHORS + _comment(0, 0, 0, "Cut"))[:-12])) == []


def test_cells_beyond_the_largest_sheet_have_short_names() -> None:
    ((reference, _, _),) = read_binary_comments(AUTHORS + _comment(0, 2**32 - 1, 2**32 - 1, "Far"))

    assert reference == "XFE1048577"
