"""Excel workbooks."""

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_an_xlsx_has_one_line_for_each_row_below_the_name_of_its_sheet(
    parse: Parse, documents: DocumentBuilder
) -> None:
    rows: list[list[object]] = [["team", "cups"], ["Blues", 1], [None, 2.5], []]

    parsed = parse("a.xlsx", documents.xlsx({"Cups": rows, "Empty": [], "Last": [["x\ny"]]}))

    assert parsed == ParsedText("Cups\n\nteam | cups\nBlues | 1\n2.5\n\nEmpty\n\nLast\n\nx y", "xlsx")


def test_an_xls_has_one_line_for_each_row(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a.xls", documents.xls("Sheet", [(0, 0, "a"), (0, 1, "b"), (1, 0, "c")])).text == "Sheet\n\na | b\nc"
