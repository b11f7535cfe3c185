"""Excel workbooks (.xlsx): cells as the sheets show them, and everything else with text."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.sheets.second_reader import read_with_second_reader
from ingest.steps.parse.formats.sheets.xlsx import read
from ingest.steps.parse.parsed import Section
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body, warnings
from tests.steps.parse.workbooks import MAIN, RELATIONSHIPS, cell, row, xlsx


def test_a_sheet_has_one_line_for_each_row_below_its_name(parse: Parse, documents: DocumentBuilder) -> None:
    rows: list[list[object]] = [["team", "cups"], ["Blues", 1], [None, 2.5], []]

    parsed = parse("a.xlsx", documents.xlsx({"Cups": rows, "Empty": [], "Last": [["x\ny"]]}))

    assert parsed.text == "Cups\n\nteam | cups\nBlues | 1\n | 2.5\n\nEmpty\n\nLast\n\nx y"
    names = ["Cups", "Empty", "Last"]
    assert [(section.kind, section.number, section.name) for section in parsed.sections] == [
        ("sheet", number, name) for number, name in enumerate(names, 1)
    ]
    assert all(parsed.text[section.start :].startswith(section.name) for section in parsed.sections)
    assert parsed.report.parts["sheet"] == {"read": 2, "empty": 1}


def test_dates_may_count_from_1904(parse: Parse) -> None:
    data = xlsx({"D": row(1, cell("A1", 43890, 1))}, formats=["d.m.yy"], properties='<workbookPr date1904="1"/>')

    assert body(parse("a.xlsx", data)) == "2024-03-01"


def test_strict_workbooks_are_read(parse: Parse) -> None:
    data = xlsx({"Data": row(1, cell("A1", "strict cell"), cell("B1", 0.5, 1))}, formats=["0%"], is_strict=True)

    assert body(parse("a.xlsx", data)) == "strict cell | 50%"


@pytest.mark.parametrize(
    ("part", "content"),
    [
        (
            "xl/styles.xml",
            f'<styleSheet xmlns="{MAIN}"><fills><fill/></fills><cellXfs><xf numFmtId="x"/></cellXfs></styleSheet>',
        ),
        ("xl/styles.xml", "no XML"),
        ("xl/styles.xml", ""),
        ("xl/theme/theme1.xml", "<broken"),
        ("xl/_rels/workbook.xml.rels", "no XML"),
    ],
)
def test_odd_and_damaged_parts_do_not_hide_the_cells(parse: Parse, part: str, content: str) -> None:
    data = xlsx({"Data": row(1, cell("A1", "styled cell", 1))}, formats=["0"], parts={part: content})

    assert body(parse("a.xlsx", data)) == "styled cell"


def test_members_may_be_named_with_backslashes_and_capitals(parse: Parse, documents: DocumentBuilder) -> None:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(xlsx({"Data": row(1, cell("A1", "backslash cell"))}))) as archive:
        members = {name.replace("/", "\\").replace("xl", "XL"): archive.read(name) for name in archive.namelist()}

    assert body(parse("a.xlsx", documents.zipped(dict(members)))) == "backslash cell"


def test_a_workbook_that_the_first_reader_cannot_open_is_read_by_the_second(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(xlsx({"Data": row(1, cell("A1", "a"), cell("B1", 1.5)) + row(3, cell("B3", 2))}))

    def fail(path: Path) -> ParsedText:
        raise TypeError("an odd workbook")

    parsed = read_with_second_reader(path, "xlsx", fail)

    assert parsed.text == read(path).text == "Data\n\na | 1.5\n | 2"
    assert parsed.sections == (Section("sheet", 1, "Data", 0, len(parsed.text)),)
    assert parsed.report.reader == "python-calamine"
    assert warnings(parsed) == ["second_reader"]


def test_a_workbook_that_neither_reader_can_open_is_refused_by_the_first(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.write_bytes(xlsx({}))

    with pytest.raises(InvalidFile, match="it has no sheets"):
        read(path)


def test_relationship_ids_may_have_any_prefix(parse: Parse) -> None:
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:rel="{RELATIONSHIPS}"><sheets><sheet name="Data" sheetId="9" rel:id="rId1"/>'
        "</sheets></workbook>"
    )
    data = xlsx({"Data": row(1, cell("A1", "x"))}, parts={"xl/workbook.xml": workbook})

    assert body(parse("a.xlsx", data)) == "x"
