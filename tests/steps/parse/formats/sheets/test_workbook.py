"""The sheets of a workbook: sections, counts and warnings."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.sheets import workbook
from ingest.steps.parse.formats.sheets.xlsx import read
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, cell, relationships, row, sheet_drawing, text_box, xlsx


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


def test_sheets_beyond_the_bound_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MAX_SHEETS", 2)
    path = tmp_path / "a"
    path.write_bytes(xlsx({name: row(1, cell("A1", name.lower())) for name in "ABCD"}))

    parsed = read(path)

    assert parsed.text == "A\n\na\n\nB\n\nb"
    assert parsed.report.parts["sheet"] == {"read": 2, "not_read": 2}
    assert warnings(parsed) == ["sheets_not_read"]


def test_a_workbook_without_sheets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(xlsx({}))

    with pytest.raises(InvalidFile, match="it has no sheets"):
        read(path)


def test_a_sheet_of_a_chart_is_read_from_its_drawing(parse: Parse) -> None:
    data = xlsx(
        {"Data": row(1, cell("A1", "x")), "Chart": ""},
        parts={
            "xl/_rels/workbook.xml.rels": relationships(
                [("worksheet", "worksheets/sheet1.xml"), ("chartsheet", "chartsheets/sheet1.xml")]
            ),
            "xl/chartsheets/sheet1.xml": f'<chartsheet xmlns="{MAIN}"/>',
            "xl/chartsheets/_rels/sheet1.xml.rels": relationships([("drawing", "../drawings/drawing1.xml")]),
            "xl/drawings/drawing1.xml": sheet_drawing(text_box("Visitors")),
        },
    )

    parsed = parse("a.xlsx", data)

    assert parsed.text == "Data\n\nx\n\nChart\n\nVisitors"
    assert parsed.report.parts["sheet"] == {"read": 2}
    assert not parsed.report.warnings


def test_cells_whose_texts_are_missing_are_counted(parse: Parse) -> None:
    data = row(1, cell("A1", 7, kind="s"), cell("B1", 8, kind="s"), cell("C1", "here"))

    parsed = parse("a.xlsx", xlsx({"Data": data}, strings="<si><t>one</t></si>"))

    assert body(parsed) == "here"
    assert [(w.code, w.message.rpartition(": ")[2], w.part) for w in parsed.report.warnings] == [
        ("text_missing", "2.", "sheet Data")
    ]
