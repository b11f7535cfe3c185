"""Tables: columns stay under their headers."""

from ingest.steps.parse.parsed import Table
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, paragraph, run, table


def spanning(text: str, columns: int) -> str:
    return f'<w:tc><w:tcPr><w:gridSpan w:val="{columns}"/></w:tcPr>{paragraph(text)}</w:tc>'


def merged(text: str, value: str) -> str:
    return f"<w:tc><w:tcPr><w:vMerge{value}/></w:tcPr>{paragraph(text)}</w:tc>"


EMPTY = "<w:tc><w:p/></w:tc>"


def test_empty_cells_keep_their_place(read_docx: Read) -> None:
    body = table(["Region", "Q1", "Q2"], ["North", EMPTY, "77"], [EMPTY, "31", EMPTY])

    assert read_docx(docx(body)).text == "Region | Q1 | Q2\nNorth |  | 77\n | 31"


def test_a_cell_across_columns_and_one_across_rows_leave_empty_cells(read_docx: Read) -> None:
    body = table(
        [spanning("Sales", 2), "Costs"],
        ["2023", "2024", "2024"],
        [merged("North", ' w:val="restart"'), "1", "2"],
        [merged("", ""), "3", "4"],
    )

    assert read_docx(docx(body)).text == "Sales |  | Costs\n2023 | 2024 | 2024\nNorth | 1 | 2\n | 3 | 4"


def test_columns_left_out_before_a_row_are_empty(read_docx: Read) -> None:
    row = f'<w:tr><w:trPr><w:gridBefore w:val="2"/></w:trPr><w:tc>{paragraph("x")}</w:tc></w:tr>'

    assert read_docx(docx(f"<w:tbl>{row}</w:tbl>")).text == " |  | x"


def test_deleted_rows_are_not_read_and_wrapped_ones_are(read_docx: Read) -> None:
    deleted = f"<w:tr><w:trPr><w:del w:id='1'/></w:trPr><w:tc>{paragraph('gone')}</w:tc></w:tr>"
    wrapped = (
        f"<w:sdt><w:sdtContent><w:tr><w:tc>{paragraph('a')}</w:tc>"
        f"<w:sdt><w:sdtContent><w:tc>{paragraph('b')}</w:tc></w:sdtContent></w:sdt></w:tr></w:sdtContent></w:sdt>"
    )

    assert read_docx(docx(f"<w:tbl>{deleted}{wrapped}</w:tbl>")).text == "a | b"


def test_a_table_in_a_cell_keeps_its_rows(read_docx: Read) -> None:
    inner = table(["in1", "in2"], ["in3", "in4"])

    assert read_docx(docx(table(["outer", inner + "<w:p/>"], ["next", "row"]))).text == (
        "outer\n\nin1 | in2\nin3 | in4\n\nnext | row"
    )


def test_a_table_inside_a_wrapped_cell_is_one_line_with_its_own_separators(read_docx: Read) -> None:
    inner = f"<w:sdt><w:sdtContent>{table(['in1', 'in2'], ['in3', 'in4'])}</w:sdtContent></w:sdt>"

    assert read_docx(docx(table(["outer", f"{inner}<w:p/>"]))).text == "outer | in1, in2; in3, in4"


def test_a_box_around_paragraphs_is_no_table(read_docx: Read) -> None:
    body = table([paragraph("Scope", '<w:pStyle w:val="Heading1"/>') + paragraph("First.") + paragraph("Second.")])

    parsed = read_docx(docx(body))

    assert parsed.text == "Scope\n\nFirst.\n\nSecond."
    assert [heading.title for heading in parsed.headings] == ["Scope"]


def test_paragraphs_of_a_cell_stay_in_their_row(read_docx: Read) -> None:
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="9"/></w:numPr>'
    cell = paragraph("lead") + paragraph("one", item) + paragraph(run("boxed"))

    assert read_docx(docx(table(["Name", cell]))).text == "Name | lead - one boxed"


def test_tables_are_part_of_the_structure(read_docx: Read) -> None:
    body = paragraph("Before") + table(["a", "b"], ["1", "2"]) + table(["c"], ["3"]) + paragraph("After")

    parsed = read_docx(docx(body))

    assert parsed.text == "Before\n\na | b\n1 | 2\n\nc\n3\n\nAfter"
    assert [parsed.text[t.start : t.header_end] for t in parsed.tables] == ["a | b", "c"]
    assert [parsed.text[t.start : t.end] for t in parsed.tables] == ["a | b\n1 | 2", "c\n3"]
    assert parsed.tables[0] == Table(8, 13, 19)


def test_empty_cells_of_a_table_in_a_box_in_a_cell_keep_their_place(read_docx: Read) -> None:
    span = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{paragraph("South")}</w:tc>'
    inner = table(["Region", "Q1", "Q2"], ["North", "", "77"], [span, "5"], ["East", "", ""])
    content = f"<w:r><w:pict><w:txbxContent>{inner}</w:txbxContent></w:pict></w:r>"

    text = read_docx(docx(table([paragraph(content), "x"]))).text

    assert text == "Region, Q1, Q2; North, , 77; South, , 5; East | x"
