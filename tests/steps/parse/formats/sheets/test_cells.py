"""Values of cells, shown by their type and their number format."""

import pytest

from ingest.steps.parse.formats.sheets.cells import CellTexts, show_formula, show_general
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from tests.steps.parse.documents import Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body
from tests.steps.parse.workbooks import cell, row, xlsx


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


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("12345678901234567890", "12345678901234567890"),
        ("0.30000000000000004", "0.3"),
        ("-7", "-7"),
        ("1E3", "1000"),
        ("not\na number", "not a number"),
    ],
)
def test_a_number_without_a_format_keeps_its_digits(value: str, shown: str) -> None:
    assert show_general(value) == shown


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        ("SUM(A1:A3)", "=SUM(A1:A3)"),
        ("_xlfn.XLOOKUP(A1,B1,C1)", "=XLOOKUP(A1,B1,C1)"),
        ("_xlfn._xlws.FILTER(A:A,\nB:B)", "=FILTER(A:A, B:B)"),
        (" ", ""),
    ],
)
def test_a_formula_has_no_prefixes_of_later_versions(formula: str, shown: str) -> None:
    assert show_formula(formula) == shown


def test_values_are_shown_by_their_type_and_style() -> None:
    texts = CellTexts(["shared"], [None, NumberFormat("0.00"), NumberFormat("d.m.yyyy"), NumberFormat('0;0;0;"Mr. "@')])
    shown = [
        texts.shower(kind, style)(value)
        for kind, style, value in [
            *(("n", "", "0.5"), ("n", "1", "0.5"), ("", "2", "45352"), ("", "2", "soon"), ("s", "1", "0")),
            *(("s", "3", "0"), ("str", "3", ""), ("b", "", "0"), ("b", "", "2"), ("n", "99", "7"), ("n", "x", "8")),
        ]
    ]

    assert shown == ["0.5", "0.50", "2024-03-01", "soon", "shared", "Mr. shared", "", "FALSE", "2", "7", "8"]


@pytest.mark.parametrize("value", ["1", "x", ""])
def test_a_text_that_is_missing_raises_an_index_error(value: str) -> None:
    with pytest.raises(IndexError):
        CellTexts(["shared"], []).shower("s", "")(value)
