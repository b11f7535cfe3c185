"""The sheets of a workbook: sections, counts and warnings."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.sheets import workbook
from ingest.steps.parse.formats.sheets.xlsx import read
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, RELATIONSHIPS, cell, relationships, row, sheet_drawing, text_box, xlsx


def test_hidden_sheets_rows_and_columns_are_read(parse: Parse) -> None:
    hidden = f'<row r="1" hidden="1">{cell("A1", "hidden row")}</row>'

    parsed = parse("a.xlsx", xlsx({"A": hidden, "B": row(1, cell("A1", "deep"))}, states={"B": "veryHidden"}))

    assert parsed.text == "A\n\nhidden row\n\nB\n\ndeep"
    assert parsed.report.parts["hidden_sheet"] == {"read": 1}


def test_a_sheet_that_is_missing_is_reported_and_the_rest_is_read(parse: Parse) -> None:
    rels = [("worksheet", "worksheets/sheet1.xml"), ("worksheet", "worksheets/gone.xml")]
    data = xlsx(
        {"A": row(1, cell("A1", "here")), "B": row(1, cell("A1", "lost"))},
        parts={"xl/_rels/workbook.xml.rels": relationships(rels)},
    )

    parsed = parse("a.xlsx", data)

    assert parsed.text == "A\n\nhere\n\nB"
    assert parsed.report.parts["sheet"] == {"read": 1, "failed": 1}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("sheet_not_read", "sheet B")]
