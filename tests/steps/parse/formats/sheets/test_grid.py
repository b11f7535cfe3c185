"""Rows and tables of a sheet: titles, headers, gaps, and the columns of the cells."""

import pytest

from ingest.steps.parse.formats.layout import MAX_EMPTY_CELLS, TextBuilder
from ingest.steps.parse.formats.sheets.grid import Grid, cell_name, clean_cell, write_sheet_name
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body
from tests.steps.parse.workbooks import cell, row, xlsx


def test_empty_cells_keep_their_place(parse: Parse) -> None:
    data = row(
        1, *(cell(f"{column}1", text) for column, text in zip("ABCDE", ["Region", "Q1", "Q2", "Q3", "Q4"], strict=True))
    )
    data += row(2, cell("A2", "North"), cell("E2", 77)) + row(3, cell("D3", 31))

    assert body(parse("a.xlsx", xlsx({"Data": data}))) == "Region | Q1 | Q2 | Q3 | Q4\nNorth |  |  |  | 77\n |  |  | 31"


def test_columns_that_are_empty_in_the_whole_sheet_are_dropped_at_the_left(parse: Parse) -> None:
    data = row(2, cell("C2", "a"), cell("D2", "b")) + row(3, cell("D3", 1))

    parsed = parse("a.xlsx", xlsx({"Data": data}))

    assert body(parsed) == "a | b\n | 1"
    assert parsed.tables[0].row_numbers == ((6, 2),)


def test_titles_above_a_table_are_not_its_header(parse: Parse) -> None:
    data = row(1, cell("A1", "Sales")) + row(3, cell("A3", "Region"), cell("B3", "Q1"))
    data += row(4, cell("A4", "North"), cell("B4", 5)) + row(6, cell("A6", "South"), cell("B6", 7))

    parsed = parse("a.xlsx", xlsx({"Data": data}))

    assert body(parsed) == "Sales\n\nRegion | Q1\nNorth | 5\nSouth | 7"
    (table,) = parsed.tables
    assert parsed.text[table.start : table.header_end] == "Region | Q1"
    assert [(parsed.text[start:].split("\n")[0], number) for start, number in table.row_numbers] == [
        ("Region | Q1", 3),
        ("South | 7", 6),
    ]


def test_each_table_on_a_sheet_has_its_own_header(parse: Parse) -> None:
    data = row(1, cell("A1", "Region"), cell("B1", "Q1")) + row(2, cell("A2", "North"), cell("B2", 5))
    data += row(4, cell("A4", "Costs")) + row(5, cell("A5", "Item"), cell("B5", "Price"))
    data += row(6, cell("A6", "Pen"), cell("B6", 2))

    parsed = parse("a.xlsx", xlsx({"Data": data}))

    assert body(parsed) == "Region | Q1\nNorth | 5\n\nCosts\n\nItem | Price\nPen | 2"
    assert [parsed.text[t.start : t.header_end] for t in parsed.tables] == ["Region | Q1", "Item | Price"]


def test_names_of_groups_of_columns_belong_to_the_header(parse: Parse) -> None:
    data = row(1, cell("A1", "Region"), cell("B1", "2023")) + row(
        2, cell("A2", "x"), cell("B2", "Q1"), cell("C2", "Q2")
    )
    data += row(3, cell("A3", "North"), cell("B3", 5), cell("C3", 6))

    parsed = parse("a.xlsx", xlsx({"Data": data}))

    assert parsed.text[parsed.tables[0].start : parsed.tables[0].header_end] == "Region | 2023\nx | Q1 | Q2"


def test_a_sheet_of_one_column_is_a_list_with_row_numbers(parse: Parse) -> None:
    data = "".join(row(number, cell(f"A{number}", f"name {number}")) for number in range(1, 60))

    parsed = parse("a.xlsx", xlsx({"Data": data}))

    assert body(parsed) == "\n".join(f"name {number}" for number in range(1, 60))
    assert parsed.tables[0].row_numbers == ((6, 1),)


@pytest.mark.parametrize(
    ("row_and_column", "name"),
    [((1, 0), "A1"), ((3, 25), "Z3"), ((3, 26), "AA3"), ((7, 701), "ZZ7"), ((1048576, 16383), "XFD1048576")],
)
def test_cells_are_named_by_letters_and_rows(row_and_column: tuple[int, int], name: str) -> None:
    assert cell_name(*row_and_column) == name


def test_a_cell_is_one_line() -> None:
    assert clean_cell(" two\n lines\tand\u00a0more ") == "two lines and more"


def test_gaps_keep_columns_up_to_a_bound_and_empty_rows_are_dropped() -> None:
    grid, builder = Grid(), TextBuilder()
    grid.add_row(2, [1, 3], ["a", "b"], 2)
    grid.add_row(3, [], [], 0)
    grid.add_row(9, [1, 9_000], ["c", "d"], 2)
    assert len(grid) == 2

    write_sheet_name(builder, "Sheet")
    grid.write(builder)

    assert builder.build() == f"Sheet\n\na |  | b\nc{' | ' * (MAX_EMPTY_CELLS + 1)}d"
    assert len(grid) == 0


def test_rows_of_texts_below_a_short_row_of_texts_are_no_header() -> None:
    grid, builder = Grid(), TextBuilder()
    for number, cells in enumerate((["a", "b"], ["c", "d", "e"], ["f", "g", "h"]), 1):
        grid.add_row(number, list(range(len(cells))), cells, len(cells))

    grid.write(builder)

    parsed = builder.parsed("xlsx")
    assert parsed.text[: parsed.tables[0].header_end] == "a | b"
