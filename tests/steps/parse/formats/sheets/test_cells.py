"""Values of cells, shown by their type and their number format."""

import pytest

from ingest.steps.parse.formats.sheets.cells import CellTexts, show_formula, show_general
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, RELATIONSHIPS, cell, relationships, row, sheet_drawing, text_box, xlsx


def test_cells_show_their_number_formats(parse: Parse) -> None:
    data = row(1, cell("A1", 1234, 1), cell("B1", 1.2604166666666667, 2), cell("C1", 0.155, 3), cell("D1", 45352, 4))

    parsed = parse("a.xlsx", xlsx({"Data": data}, formats=["00000", "[h]:mm", "0.0%", "dd/mm/yy"]))

    assert body(parsed) == "01234 | 30:15 | 15.5% | 2024-03-01"


def test_values_of_all_types_are_shown(parse: Parse) -> None:
    cells = [
        cell("A1", 1, kind="b"),
        cell("B1", "#N/A", kind="e"),
        cell("C1", "2024-03-01T00:00:00", kind="d"),
        cell("D1", "2024-03-01T14:30:00", kind="d"),
        cell("E1", "a_x000D_b_x005F_", kind="str"),
        cell("F1", 0.1 + 0.2),
        cell("G1", 12345678901234567890),
        cell("H1", 0, kind="s"),
        cell("I1", 1, kind="s"),
        cell("", "next"),
    ]
    strings = (
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si>"
        "<si><r><t>10</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>5</t></r><r><t xml:space='preserve'> km</t></r></si>"
    )

    parsed = parse("a.xlsx", xlsx({"Data": row(1, *cells)}, strings=strings))

    assert body(parsed) == (
        "TRUE | #N/A | 2024-03-01 | 2024-03-01 14:30:00 | a b_ | 0.3 | 12345678901234567890 | 東京 | 10⁵ km | next"
    )
