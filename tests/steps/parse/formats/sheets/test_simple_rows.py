"""Rows and cells found with patterns, and those that are left to an XML parser."""

import pytest

from ingest.steps.parse.formats.sheets.simple_rows import SimpleRow, SimpleRows, split_attributes
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, RELATIONSHIPS, cell, relationships, row, sheet_drawing, text_box, xlsx


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
