"""Workbooks of Excel 97 to 2003 (.xls), and other formats that are saved under this name."""

import struct
from pathlib import Path

import pytest

from ingest.steps.parse.formats.sheets.xls import read
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.workbooks import biff, spreadsheetml, xls, xls_note, xls_text_object


def test_an_xls_has_one_line_for_each_row(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.xls", documents.xls("Sheet", [(0, 0, "a"), (0, 1, "b"), (1, 0, "c")]))

    assert parsed.text == "Sheet\n\na | b\nc"
    assert (parsed.report.reader, parsed.report.parts["sheet"]) == ("xlrd", {"read": 1})


def test_cells_show_their_number_formats(parse: Parse) -> None:
    cells: list[tuple[int, int, object, int]] = [
        *((0, 0, 1234, 1), (0, 1, 1.2604166666666667, 2), (0, 2, 0.155, 3), (0, 3, 45352.0, 4)),
        *((2, 0, True, 0), (2, 2, 0.1 + 0.2, 0), (2, 3, "Smith", 5)),
    ]

    parsed = parse("a.xls", xls(cells, ["00000", "[h]:mm", "0.0%", "dd/mm/yy", '0;0;0;"Mr. "@']))

    assert parsed.text == "Data\n\n01234 | 30:15 | 15.5% | 2024-03-01\nTRUE |  | 0.3 | Mr. Smith"
    assert parsed.tables[0].row_numbers == ((6, 1), (41, 3))


def test_text_boxes_comments_charts_and_headers_follow_the_rows(parse: Parse) -> None:
    extra = (
        biff(0x14, struct.pack("<HB", 14, 0) + b"&CConfidential")
        + xls_text_object(1, 0x19, "Looks odd")
        + xls_text_object(2, 6, "Remark in a text box")
        + biff(0x809, struct.pack("<HHHHII", 0x600, 0x20, 0, 0, 0, 0))
        + biff(0x100D, struct.pack("<HBB", 0, 8, 0) + b"Visitors")
        + biff(0x0A, b"")
        + xls_note(0, 1, 1, "Ann")
    )

    parsed = parse("a.xls", xls([(0, 0, "cell", 0)], extra=extra))

    assert (
        parsed.text
        == "Data\n\ncell\n\nRemark in a text box\n\nVisitors\n\nComment on B1 (Ann): Looks odd\n\nConfidential"
    )
    assert parsed.report.parts["comment"] == {"read": 1}


def test_a_table_in_html_named_xls_is_read_as_html(parse: Parse) -> None:
    html = b"<table><tr><td>Name</td><td>Age</td></tr><tr><td>Ann</td><td>41</td></tr></table>"

    parsed = parse("a.xls", html)

    assert "Name | Age\nAnn | 41" in parsed.text
    assert parsed.kind == "html"


def test_a_workbook_in_xml_named_xls_is_read_sheet_by_sheet(parse: Parse) -> None:
    data = spreadsheetml(
        '<Row><Cell><Data ss:Type="String">Ann</Data></Cell><Cell><Data ss:Type="Number">41</Data></Cell></Row>'
    )

    parsed = parse("a.xls", data)

    assert parsed.text == "Staff\n\nAnn | 41"
    assert [(section.kind, section.name) for section in parsed.sections] == [("sheet", "Staff")]


def test_an_xlsx_named_xls_is_read(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a.xls", documents.xlsx({"S": [["text"]]})).text == "S\n\ntext"


def test_embedded_objects_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import olefile

    path = tmp_path / "a.xls"
    path.write_bytes(xls([(0, 0, "MBD in utf-16: " + "M\0B\0D\0", 0)]))
    monkeypatch.setattr(
        olefile.OleFileIO, "listdir", lambda ole: [["Workbook"], ["MBD00A1", "Package"], ["MBD00A1", "x"]]
    )

    parsed = read(path)

    assert parsed.report.parts["embedded_object"] == {"not_read": 1}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]
