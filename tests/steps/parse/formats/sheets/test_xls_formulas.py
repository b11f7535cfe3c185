"""Formulas of binary workbooks that were never calculated."""

import struct

import pytest

from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body
from tests.steps.parse.workbooks import biff, xls

EMPTY = b"\x03\0\0\0\0\0\xff\xff"
PRODUCT = struct.pack("<BHHBHHB", 0x44, 0, 0xC001, 0x44, 0, 0xC002, 0x05)  # B1*C1


def formula(row: int, column: int, result: bytes, tokens: bytes = PRODUCT) -> bytes:
    head = struct.pack("<HHH", row, column, 0) + result + struct.pack("<HIH", 0, 0, len(tokens))
    return biff(0x06, head + tokens)


def test_a_workbook_without_results_shows_its_formulas(parse: Parse) -> None:
    cells = [(0, 0, "Total", 0), (0, 1, 5, 0), (0, 2, 7, 0), (1, 0, "Sum", 0)]

    parsed = parse("a.xls", xls(cells, extra=formula(1, 1, EMPTY)))

    assert body(parsed) == "Total | 5 | 7\nSum | =B1*C1"
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("formula_without_value", "sheet Data")]


def test_an_empty_text_is_a_result_where_other_formulas_have_results(parse: Parse) -> None:
    extra = formula(1, 0, EMPTY) + formula(1, 1, struct.pack("<d", 35))

    parsed = parse("a.xls", xls([(0, 0, "a", 0)], extra=extra))

    assert body(parsed) == "a\n | 35"
    assert not parsed.report.warnings


def test_formulas_that_give_an_empty_text_have_it_as_their_result(parse: Parse) -> None:
    empty = b"\x17\0\0"  # ""

    assert body(parse("a.xls", xls([(0, 0, "a", 0)], extra=formula(1, 0, EMPTY, empty)))) == "a"


@pytest.mark.parametrize("tokens", [b"\xff\xff\xff", b"\x44", b"\x23\xff\xff\xff\xff"])
def test_formulas_that_cannot_be_read_are_left_out(parse: Parse, tokens: bytes) -> None:
    assert body(parse("a.xls", xls([(0, 0, "a", 0)], extra=formula(1, 0, EMPTY, tokens)))).startswith("a")
