"""OpenDocument spreadsheets."""

import time
from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import Parse

ReadOdf = Callable[[bytes], ParsedText]
BLANK_ROWS = (
    '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/>'
    "</table:table-row>"
)


def sheet(name: str, content: str) -> str:
    return f'<table:table table:name="{name}"><table:table-column/>{content}</table:table>'


def number(value: str, shown: str) -> str:
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{shown}</text:p></table:table-cell>'


def test_cells_show_their_text_in_their_column_and_row(odf: Any, read_odf: ReadOdf) -> None:
    rows = (
        f"{odf.row('Region', 'Q1', 'Q2', 'Share')}<table:table-row>{odf.cell('North')}<table:table-cell/>"
        f"{number('77', '77')}{number('0.155', '15.5%')}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'
        f"<table:table-row>{odf.cell('South')}{number('1234', '01234')}</table:table-row>{BLANK_ROWS}"
    )

    parsed = read_odf(odf.package("spreadsheet", sheet("Sales", rows) + sheet("Empty", "")))

    assert parsed.text == "Sales\n\nRegion | Q1 | Q2 | Share\nNorth |  | 77 | 15.5%\nSouth | 01234\n\nEmpty"
    assert [(s.kind, s.number, s.name) for s in parsed.sections] == [("sheet", 1, "Sales"), ("sheet", 2, "Empty")]
    first, table = parsed.sections[0], parsed.tables[0]
    assert parsed.text[first.start : first.end].endswith("South | 01234")
    assert parsed.text[table.start : table.header_end] == "Region | Q1 | Q2 | Share"
    assert [(parsed.text[at : at + 5], row) for at, row in table.row_numbers] == [("Regio", 1), ("South", 5)]
    assert parsed.report.parts == {"sheet": {"read": 1, "empty": 1}}


def test_comments_shapes_and_charts_follow_the_cells(odf: Any, read_odf: ReadOdf) -> None:
    comment = "<office:annotation><dc:creator>Ann</dc:creator><text:p>checked</text:p></office:annotation>"
    rows = (
        f"{odf.row('a', 'b')}<table:table-row>{odf.cell('c')}<table:table-cell>{comment}<text:p>d</text:p>"
        f"<draw:frame><draw:text-box><text:p>on a cell</text:p></draw:text-box></draw:frame></table:table-cell>"
        "</table:table-row>"
    )
    content = sheet("S", f"<table:shapes>{odf.frame('on the sheet')}</table:shapes>{rows}")

    text = read_odf(odf.package("spreadsheet", content)).text

    assert text == "S\n\na | b\nc | d\n\non the sheet\n\non a cell\n\nComment on B2 (Ann): checked"


def test_values_without_text_are_read(odf: Any, read_odf: ReadOdf) -> None:
    cells = (
        '<table:table-cell office:value-type="string" office:string-value="word"/><table:table-cell '
        'office:value-type="date" office:date-value="2024-05-06"/><table:table-cell office:value-type="currency" '
        'office:currency="NOK" office:value="7.5"/><table:table-cell office:value-type="boolean" '
        'office:boolean-value="true"/>'
    )

    text = read_odf(odf.package("spreadsheet", sheet("S", f"<table:table-row>{cells}</table:table-row>"))).text

    assert text == "S\n\nword | 2024-05-06 | 7.5 NOK | true"


def test_repeated_rows_and_cells_are_bounded(odf: Any, read_odf: ReadOdf) -> None:
    cell = '<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
    content = sheet("S", f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>{BLANK_ROWS}')

    started = time.monotonic()
    parsed = read_odf(odf.package("spreadsheet", content))

    assert time.monotonic() - started < 10
    assert len(parsed.text) < 10_000_000
    assert [warning.code for warning in parsed.report.warnings] == ["repeats_cut"]


def test_tables_in_changes_are_no_sheets(odf: Any, read_odf: ReadOdf) -> None:
    changes = f"<table:tracked-changes><table:table>{odf.row('gone')}</table:table></table:tracked-changes>"

    parsed = read_odf(odf.package("spreadsheet", changes + sheet("S", odf.row("kept"))))

    assert (parsed.text, len(parsed.sections)) == ("S\n\nkept", 1)


def test_a_flat_spreadsheet_and_one_that_is_cut_are_read(parse: Parse, odf: Any, read_odf: ReadOdf) -> None:
    body = sheet("S", odf.row("one", "two") + odf.row("three", "four"))
    flat = odf.flat("spreadsheet", body)

    assert parse("a.fods", flat).text == "S\n\none | two\nthree | four"
    cut = read_odf(flat[: flat.index(b"four")])
    assert cut.text.startswith("S\n\none | two")
    assert [warning.code for warning in cut.report.warnings] == ["xml_damaged"]


def test_formulas_without_a_value_are_read_themselves(odf: Any, read_odf: ReadOdf) -> None:
    cells = (
        '<table:table-cell table:formula="of:=SUM([.A1:.B1];[$Other.C3])"/><table:table-cell table:formula="oooc:=[.A1]"/>'
        '<table:table-cell table:formula="of:=&quot;&quot;" office:value-type="string"/>'
    )
    content = sheet("S", f"<table:table-row>{cells}</table:table-row>")

    parsed = read_odf(odf.package("spreadsheet", content + sheet("T", odf.row("no formula"))))

    assert parsed.text == "S\n\n=SUM(A1:B1;$Other.C3) | =A1\n\nT\n\nno formula"
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [
        ("formula_without_value", "sheet S")
    ]
