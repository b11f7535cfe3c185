"""Worksheets read row by row."""

import io

import pytest

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.sheets import worksheet
from ingest.steps.parse.formats.sheets.worksheet import WorksheetReader, column_of, row_number
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, cell, row, xlsx


def test_a_formula_without_a_result_is_read_itself(parse: Parse) -> None:
    cells = [
        cell("A1", "greeting"),
        cell("B1", formula='CONCATENATE("Good ","evening")'),
        cell("C1", "", formula='IF(A1="x","y","")', kind="str"),
        cell("D1", formula="_xlfn.XLOOKUP(A1,B1,C1)"),
        cell("E1", 7, formula="3+4"),
    ]

    parsed = parse("a.xlsx", xlsx({"Data": row(1, *cells)}))

    assert body(parsed) == 'greeting | =CONCATENATE("Good ","evening") |  | =XLOOKUP(A1,B1,C1) | 7'
    assert warnings(parsed) == ["formula_without_value"]
    assert parsed.report.warnings[0].part == "sheet Data"


def test_a_sheet_that_ends_early_is_read_as_far_as_it_goes(parse: Parse) -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{row(1, cell("A1", "first"))}<row r="2"><c r="A2" t="inl'

    parsed = parse("a.xlsx", xlsx({"Data": ""}, parts={"xl/worksheets/sheet1.xml": sheet}))

    assert body(parsed) == "first"
    assert warnings(parsed) == ["sheet_damaged"]


def test_the_corners_of_the_largest_sheet_are_read_at_once(parse: Parse) -> None:
    far = row(1048576, cell("XFD1048576", "last"))

    parsed = parse("a.xlsx", xlsx({"D": row(1, cell("A1", "first")) + far}))

    assert body(parsed).startswith("first\n |  | ")
    assert parsed.text.endswith(" | last")
    assert len(parsed.text) < 300
    assert parsed.tables[0].row_numbers[-1][1] == 1048576


def test_entities_do_not_expand(parse: Parse) -> None:
    sheet = (
        '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
        f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>x&b;y</v></c><c><v>7</v></c></row></sheetData></worksheet>'
    )

    assert "ha" not in parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": sheet})).text


@pytest.mark.parametrize(
    ("text", "previous", "number"),
    [("7", 2, 7), ("", 2, 3), ("2", 2, 3), ("1", 5, 6), ("-4", 0, 1), ("12345678", 3, 4), ("x", 3, 4)],
)
def test_a_row_without_a_usable_number_follows_the_previous_one(text: str, previous: int, number: int) -> None:
    assert row_number(text, previous) == number


@pytest.mark.parametrize(
    ("reference", "previous", "column"),
    [
        *(("A1", -1, 0), ("AB12", 0, 27), ("XFD1", 3, 16383), ("c4", -1, 2), ("$B$2", -1, 1)),
        *(("", 4, 5), ("A1", 4, 5), ("ABCD1", 4, 5), ("1A", 4, 5)),
    ],
)
def test_the_column_is_that_of_the_letters_and_never_goes_back(reference: str, previous: int, column: int) -> None:
    assert column_of(reference, previous) == column


@pytest.mark.parametrize("simple_bytes", [0, 2**20])
def test_a_long_worksheet_reads_the_same_as_a_stream(monkeypatch: pytest.MonkeyPatch, simple_bytes: int) -> None:
    monkeypatch.setattr(worksheet, "MAX_SIMPLE_BYTES", simple_bytes)
    cells = [cell("A1", 0, kind="s"), cell("B1", 9, kind="s"), cell("C1", "inline"), cell("D1", formula="1+1")]
    sheet = (
        f'<worksheet xmlns="{MAIN}"><sheetData>{row(2, *cells)}{row(3, cell("B3", 1.5))}</sheetData>'
        "<headerFooter><oddHeader>&amp;CDraft</oddHeader><oddFooter/></headerFooter></worksheet>"
    )

    reading = WorksheetReader(["shared"], []).read(io.BytesIO(sheet.encode()))
    builder = TextBuilder()
    reading.grid.write(builder)

    parsed = builder.parsed("xlsx")
    assert parsed.text == "shared |  | inline | =1+1\n | 1.5"
    assert parsed.tables[0].row_numbers == ((0, 2),)
    assert (reading.bad_strings, reading.formulas, reading.is_damaged) == (1, 1, False)
    assert reading.print_headers == ["&CDraft"]
