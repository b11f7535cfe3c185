"""The XML format of Excel 2002 and 2003."""

from tests.steps.parse.documents import Parse
from tests.steps.parse.workbooks import spreadsheetml


def data(kind: str, value: str) -> str:
    return f'<Data ss:Type="{kind}">{value}</Data>'


def test_cells_rows_and_merged_cells_have_their_places(parse: Parse) -> None:
    table = (
        f"<Row><Cell>{data('String', 'a')}</Cell><Cell ss:Index='3'>{data('String', 'c')}</Cell></Row>"
        f"<Row ss:Index='4'><Cell ss:MergeAcross='1'>{data('String', 'wide')}</Cell><Cell>{data('Number', '1')}</Cell></Row>"
    )

    parsed = parse("a.xml", spreadsheetml(table))

    assert parsed.text == "Staff\n\na |  | c\nwide |  | 1"
    assert parsed.tables[0].row_numbers == ((7, 1), (16, 4))


def test_values_show_their_number_formats(parse: Parse) -> None:
    styles = (
        '<Style ss:ID="Default"/><Style ss:ID="z"><NumberFormat ss:Format="00000"/></Style><Style ss:ID="child" ss:Parent="z"/>'
        '<Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style><Style ss:ID="t"><NumberFormat ss:Format="Short Time"/></Style>'
    )
    table = (
        f"<Row><Cell ss:StyleID='z'>{data('Number', '1234')}</Cell><Cell ss:StyleID='child'>{data('Number', '7')}</Cell>"
        f"<Cell ss:StyleID='p'>{data('Number', '0.155')}</Cell><Cell>{data('Number', '0.30000000000000004')}</Cell></Row>"
        f"<Row><Cell>{data('DateTime', '2024-03-01T00:00:00.000')}</Cell>"
        f"<Cell ss:StyleID='t'>{data('DateTime', '1899-12-31T14:30:00.000')}</Cell><Cell>{data('Boolean', '1')}</Cell>"
        f"<Cell>{data('Error', '#N/A')}</Cell><Cell ss:Formula='=1+1'/></Row>"
    )

    parsed = parse("a.xls", spreadsheetml(table, styles=styles))

    assert parsed.text == "Staff\n\n01234 | 00007 | 15.50% | 0.3\n2024-03-01 | 14:30 | TRUE | #N/A | =1+1"


def test_formatted_text_comments_and_print_headers_are_read(parse: Parse) -> None:
    table = (
        '<Row><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40">10<B><Sup>5</Sup></B><Font> km</Font> far'
        '</ss:Data><Comment ss:Author="Ann"><ss:Data>Really?</ss:Data></Comment></Cell></Row>'
    )
    options = '<x:WorksheetOptions><x:PageSetup><x:Header x:Data="&amp;CInternal"/></x:PageSetup></x:WorksheetOptions>'

    parsed = parse("a.xls", spreadsheetml(table, options=options))

    assert parsed.text == "Staff\n\n10⁵ km far\n\nComment on A1 (Ann): Really?\n\nInternal"


def test_a_file_that_ends_early_is_read_as_far_as_it_goes(parse: Parse) -> None:
    whole = spreadsheetml(
        f"<Row><Cell>{data('String', 'first')}</Cell></Row><Row><Cell>{data('String', 'second')}</Cell></Row>"
    )

    parsed = parse("a.xls", b"\n" + whole[: whole.index(b"second")])

    assert "first" in parsed.text
    assert [warning.code for warning in parsed.report.warnings] == ["sheet_damaged"]
