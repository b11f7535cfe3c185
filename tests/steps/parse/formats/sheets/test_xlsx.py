"""Excel workbooks (.xlsx): cells as the sheets show them, and everything else with text."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.sheets.second_reader import read_with_second_reader
from ingest.steps.parse.formats.sheets.xlsx import read
from ingest.steps.parse.parsed import Section
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.workbooks import MAIN, RELATIONSHIPS, cell, relationships, row, sheet_drawing, text_box, xlsx


def body(parsed: ParsedText) -> str:
    """Return the text without the name of the first sheet."""
    return parsed.text.partition("\n\n")[2]


def warnings(parsed: ParsedText) -> list[str]:
    return [warning.code for warning in parsed.report.warnings]


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


def test_cells_show_their_number_formats(parse: Parse) -> None:
    data = row(1, cell("A1", 1234, 1), cell("B1", 1.2604166666666667, 2), cell("C1", 0.155, 3), cell("D1", 45352, 4))

    parsed = parse("a.xlsx", xlsx({"Data": data}, formats=["00000", "[h]:mm", "0.0%", "dd/mm/yy"]))

    assert body(parsed) == "01234 | 30:15 | 15.5% | 2024-03-01"


def test_dates_may_count_from_1904(parse: Parse) -> None:
    data = xlsx({"D": row(1, cell("A1", 43890, 1))}, formats=["d.m.yy"], properties='<workbookPr date1904="1"/>')

    assert body(parse("a.xlsx", data)) == "2024-03-01"


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


def test_text_boxes_and_comments_follow_the_rows(parse: Parse) -> None:
    comments = (
        f'<comments xmlns="{MAIN}"><authors><author>Ann</author></authors><commentList>'
        '<comment ref="A1" authorId="0"><text><r><t>Ann:</t></r><r><t>\nChecked by the auditor</t></r></text></comment>'
        "</commentList></comments>"
    )
    data = xlsx(
        {"Data": row(1, cell("A1", "cell"))},
        related=[("drawing", "../drawings/drawing1.xml"), ("comments", "../comments1.xml")],
        parts={"xl/drawings/drawing1.xml": sheet_drawing(text_box("Remark")), "xl/comments1.xml": comments},
    )

    parsed = parse("a.xlsx", data)

    assert body(parsed) == "cell\n\nRemark\n\nComment on A1 (Ann): Checked by the auditor"
    assert parsed.report.parts["comment"] == {"read": 1}


def test_threads_of_comments_are_read_with_their_authors_and_without_the_copy_for_old_versions(parse: Parse) -> None:
    ns = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    old = (
        f'<comments xmlns="{MAIN}"><authors><author>tc={{1}}</author></authors><commentList>'
        '<comment ref="B2" authorId="0"><text><t>[Threaded comment]\n\nYour version ...</t></text></comment>'
        '<comment ref="C3" authorId="0"><text><t>An old one</t></text></comment></commentList></comments>'
    )
    threads = (
        f'<ThreadedComments xmlns="{ns}"><threadedComment ref="B2" personId="{{P}}" id="{{1}}"><text>Is it right?</text>'
        '</threadedComment><threadedComment ref="B2" personId="{P}" id="{2}" parentId="{1}"><text>Yes.</text>'
        "</threadedComment></ThreadedComments>"
    )
    persons = f'<personList xmlns="{ns}"><person displayName="Bo Li" id="{{P}}"/></personList>'
    rels = [("worksheet", "worksheets/sheet1.xml"), ("person", "persons/person.xml")]
    data = xlsx(
        {"Data": ""},
        related=[("comments", "../comments1.xml"), ("threadedComment", "../threadedComments/threadedComment1.xml")],
        parts={
            "xl/comments1.xml": old,
            "xl/threadedComments/threadedComment1.xml": threads,
            "xl/persons/person.xml": persons,
            "xl/_rels/workbook.xml.rels": relationships(rels),
        },
    )

    assert body(parse("a.xlsx", data)) == (
        "Comment on B2 (Bo Li): Is it right?\n\nComment on B2 (Bo Li): Yes.\n\nComment on C3: An old one"
    )


def test_charts_pictures_and_groups_in_drawings_are_read(parse: Parse) -> None:
    c, a = (
        "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "http://schemas.openxmlformats.org/drawingml/2006/main",
    )
    chart = (
        f'<c:chartSpace xmlns:c="{c}" xmlns:a="{a}"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Visitors</a:t></a:r></a:p>'
        "</c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>Bergen"
        "</c:v></c:pt></c:strCache></c:strRef></c:cat></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    frame = (
        "<xdr:oneCellAnchor><xdr:graphicFrame><xdr:nvGraphicFramePr><xdr:cNvPr id='3' name='c'/></xdr:nvGraphicFramePr>"
        f"<a:graphic><a:graphicData uri='{c}'><c:chart xmlns:c='{c}' r:id='rId1'/></a:graphicData></a:graphic>"
        "</xdr:graphicFrame></xdr:oneCellAnchor>"
    )
    picture = "<xdr:pic><xdr:nvPicPr><xdr:cNvPr id='4' name='p' descr='Map of the harbour'/></xdr:nvPicPr></xdr:pic>"
    group = f"<xdr:absoluteAnchor><xdr:grpSp>{picture}</xdr:grpSp></xdr:absoluteAnchor>"
    data = xlsx(
        {"Data": row(1, cell("A1", "x"))},
        related=[("drawing", "../drawings/drawing1.xml")],
        parts={
            "xl/drawings/drawing1.xml": sheet_drawing(frame + group),
            "xl/drawings/_rels/drawing1.xml.rels": relationships([("chart", "../charts/chart1.xml")]),
            "xl/charts/chart1.xml": chart,
        },
    )

    parsed = parse("a.xlsx", data)

    assert body(parsed) == "x\n\nVisitors\n\nBergen\n\nMap of the harbour"
    assert parsed.report.parts["chart"] == {"read": 1}
    assert parsed.report.parts["image"] == {"not_read": 1}
    assert not parsed.report.warnings


def test_a_sheet_of_pictures_alone_has_a_warning(parse: Parse) -> None:
    picture = "<xdr:oneCellAnchor><xdr:pic><xdr:nvPicPr><xdr:cNvPr id='4' name='p'/></xdr:nvPicPr></xdr:pic></xdr:oneCellAnchor>"
    data = xlsx(
        {"Scan": ""},
        related=[("drawing", "../drawings/drawing1.xml")],
        parts={"xl/drawings/drawing1.xml": sheet_drawing(picture)},
    )

    parsed = parse("a.xlsx", data)

    assert parsed.report.parts == {"image": {"not_read": 1}, "sheet": {"empty": 1}}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("picture_not_read", "sheet Scan")]


def test_print_headers_are_read_without_their_codes(parse: Parse) -> None:
    after = (
        '<headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Internal &amp;&amp; secret&amp;R&amp;D</oddHeader>'
        "<oddFooter>&amp;CPage &amp;P of &amp;N - Draft</oddFooter></headerFooter>"
    )

    assert (
        body(parse("a.xlsx", xlsx({"Data": row(1, cell("A1", "x"))}, after=after))) == "x\n\nInternal & secret\n\nDraft"
    )


def test_hidden_sheets_rows_and_columns_are_read(parse: Parse) -> None:
    hidden = f'<row r="1" hidden="1">{cell("A1", "hidden row")}</row>'

    parsed = parse("a.xlsx", xlsx({"A": hidden, "B": row(1, cell("A1", "deep"))}, states={"B": "veryHidden"}))

    assert parsed.text == "A\n\nhidden row\n\nB\n\ndeep"
    assert parsed.report.parts["hidden_sheet"] == {"read": 1}


def test_embedded_files_are_read_as_parts_of_the_sheet(parse: Parse, documents: DocumentBuilder) -> None:
    inner = documents.docx(documents.paragraph("The contract"))
    data = xlsx(
        {"Data": row(1, cell("A1", "x"))},
        related=[("package", "../embeddings/Contract.docx")],
        parts={"xl/embeddings/Contract.docx": inner},
    )

    parsed = parse("a.xlsx", data)

    assert "The contract" in parsed.text
    assert [section.kind for section in parsed.sections][:2] == ["sheet", "attachment"]
    assert parsed.report.parts["embedded_object"] == {"read": 1}


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


def test_a_sheet_that_ends_early_is_read_as_far_as_it_goes(parse: Parse) -> None:
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{row(1, cell("A1", "first"))}<row r="2"><c r="A2" t="inl'

    parsed = parse("a.xlsx", xlsx({"Data": ""}, parts={"xl/worksheets/sheet1.xml": sheet}))

    assert body(parsed) == "first"
    assert warnings(parsed) == ["sheet_damaged"]


def test_rows_that_are_not_written_in_the_usual_way_are_parsed_as_xml(parse: Parse) -> None:
    usual = row(1, cell("A1", "a"), cell("B1", 1))
    other = (
        '<row spans="1:2" r="2"><c t="inlineStr" r="A2"><is><t>Tom &amp; Jerry</t></is></c><!-- x --><c r="B2"><v>2</v></c>'
        "</row><row><c><v>3</v></c></row>"
    )
    prefixed = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>5</x:v></x:c></x:row></x:sheetData>'
        "</x:worksheet>"
    )

    assert body(parse("a.xlsx", xlsx({"D": usual + other}))) == "a | 1\nTom & Jerry | 2\n3"
    assert body(parse("a.xlsx", xlsx({"D": usual + other.replace("<!-- x -->", "")}))) == "a | 1\nTom & Jerry | 2\n3"
    assert body(parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": prefixed}))) == "5"
    utf16 = prefixed.replace("5", "ü").replace("<x:c ", '<x:c t="str" ').encode("utf-16")
    assert body(parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": utf16}))) == "ü"


def test_the_corners_of_the_largest_sheet_are_read_at_once(parse: Parse) -> None:
    far = row(1048576, cell("XFD1048576", "last"))

    parsed = parse("a.xlsx", xlsx({"D": row(1, cell("A1", "first")) + far}))

    assert body(parsed).startswith("first\n |  | ")
    assert parsed.text.endswith(" | last")
    assert len(parsed.text) < 300
    assert parsed.tables[0].row_numbers[-1][1] == 1048576


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


def test_entities_do_not_expand(parse: Parse) -> None:
    sheet = (
        '<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
        f'<worksheet xmlns="{MAIN}"><sheetData><row><c t="str"><v>x&b;y</v></c><c><v>7</v></c></row></sheetData></worksheet>'
    )

    assert "ha" not in parse("a.xlsx", xlsx({"D": ""}, parts={"xl/worksheets/sheet1.xml": sheet})).text


def test_relationship_ids_may_have_any_prefix(parse: Parse) -> None:
    workbook = (
        f'<workbook xmlns="{MAIN}" xmlns:rel="{RELATIONSHIPS}"><sheets><sheet name="Data" sheetId="9" rel:id="rId1"/>'
        "</sheets></workbook>"
    )
    data = xlsx({"Data": row(1, cell("A1", "x"))}, parts={"xl/workbook.xml": workbook})

    assert body(parse("a.xlsx", data)) == "x"
