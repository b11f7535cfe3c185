"""Texts of an Excel 97 workbook outside its cells."""

import struct

import pytest

from ingest.steps.parse.formats.sheets.biff import SheetTexts, read_sheet_texts
from tests.steps.parse.workbooks import biff, xls_text_object


def test_records_that_are_cut_end_the_search_for_texts() -> None:
    start = biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    for size in range(len(start)):
        assert read_sheet_texts(start[:size], 0) == {}
    assert read_sheet_texts(start + biff(0x85, bytes(9)) + biff(0x1B6, b"\xff" * 18) + b"\x3c\0\xff\xff", 0)
