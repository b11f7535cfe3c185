"""Rows and cells found with patterns, and those that are left to an XML parser."""

import pytest

from ingest.steps.parse.formats.sheets.simple_rows import SimpleRow, SimpleRows, split_attributes
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body
from tests.steps.parse.workbooks import MAIN, cell, row, xlsx


def test_rows_that_are_not_written_in_the_usual_way_are_parsed_as_xml(parse: Parse) -> None:
    usual = row(1, cell("A1", "a"), cell("B1", 1))
    other = (
        '<row spans="1:2" r="2"><c t="inlineStr" r="A2"><is><t>Tom &amp; Jerry</t></is></c><!-- x --><c r="B2"><v>2</v></c>'
        "</row><row><c><v>3</v></c></row>"
    )
    prefixed = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>5</x:v></x:c></x:row></x:sheetData>'
        "</x:worksheet>"
    )

    assert body(parse("a.xlsx", xlsx({"D": usual + other}))) == "a | 1\nTom & Jerry | 2\n3"
    assert body(parse("a.xlsx", xlsx({"D": usual + other.replace("<!-- x -->", "")}))) == "a | 1\nTom & Jerry | 2\n3"
    assert body(parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": prefixed}))) == "5"
    utf16 = prefixed.replace("5", "ü").replace("<x:c ", '<x:c t="str" ').encode("utf-16")
    assert body(parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": utf16}))) == "ü"


def _sheet(rows: str, rest: str = "") -> bytes:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{rest}</worksheet>'.encode()


def _open(data: bytes) -> SimpleRows:
    rows = SimpleRows.open(data)
    assert rows is not None
    return rows


def test_usual_rows_have_their_cells_with_attributes_and_values() -> None:
    cells = (
        cell("A4", 1.5, 2) + cell("", "inline") + cell("C4", 7, formula="3+4") + cell("D4", 0, kind="s") + "<c r='E4'/>"
    )
    rows = _open(_sheet(row(4, cells.replace("'", '"')) + "<row/>" + '<row r="9"/>', "<headerFooter/>"))

    assert list(rows) == [
        SimpleRow(
            "4",
            [
                ("A", ' s="2"', "1.5", ""),
                ("", ' t="inlineStr"', "", "inline"),
                ("C", "", "7", ""),
                ("D", ' t="s"', "0", ""),
                ("E", "", "", ""),
            ],
        ),
        SimpleRow("", []),
        SimpleRow("9", []),
    ]
    assert not rows.is_broken
    assert rows.rest == f'<worksheet xmlns="{MAIN}"><headerFooter/></worksheet>'


@pytest.mark.parametrize(
    "cells", [cell("A1", "Tom & Jerry"), cell("A1", formula="1+1"), '<c t="n" r="A1"><v>1</v></c>', "<cell/>"]
)
def test_rows_with_anything_else_are_documents_to_parse(cells: str) -> None:
    (found,) = _open(_sheet(row(1, cells)))

    assert (found.number, found.cells) == ("1", None)
    assert found.xml.encode() == _sheet(row(1, cells))


@pytest.mark.parametrize("rows", ["<other/>", '<row r="1"><c/>', "<row r='1'", row(1, "") + "<rows></rows>"])
def test_other_elements_between_the_rows_break_the_pattern(rows: str) -> None:
    found = _open(_sheet(rows))

    assert all(part.number == "1" for part in found)
    assert found.is_broken


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + _sheet(""),
        b"<!DOCTYPE w>" + _sheet(""),
        _sheet("").decode().encode("utf-16"),
        _sheet("").replace(b"<sheetData>", b"<sheetData >"),
        _sheet("").replace(b"</sheetData>", b""),
        b"<worksheet><sheetData></sheetData></worksheet>",
    ],
)
def test_a_part_that_is_written_in_another_way_has_no_simple_rows(data: bytes) -> None:
    assert SimpleRows.open(data) is None


@pytest.mark.parametrize(
    ("attributes", "split"),
    [("", ("", "")), (' s="12"', ("", "12")), (' t="b"', ("b", "")), (' s="3" t="s"', ("s", "3"))],
)
def test_attributes_are_the_type_and_the_style(attributes: str, split: tuple[str, str]) -> None:
    assert split_attributes(attributes) == split
