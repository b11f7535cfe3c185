"""Tables of HTML."""

from lxml import etree

from ingest.steps.parse.formats.html import html_to_text
from ingest.steps.parse.formats.html.tables import Grid, layout_tables


def is_layout(table: str) -> bool:
    root = etree.fromstring(f"<div>{table}</div>", etree.HTMLParser())
    return root.find(".//table") in layout_tables(root)


def test_tables_that_arrange_a_page_are_told_from_data() -> None:
    assert is_layout("<table><tr><td><table></table></td></tr></table>")
    assert is_layout("<table><tr><td><h1>x</h1></td></tr></table>")
    assert is_layout("<table><tr><td><ul><li>x</li></ul></td></tr></table>")
    assert is_layout("<table role='presentation'><tr><td>x</td></tr></table>")
    assert not is_layout("<table><tr><th>x</th></tr><tr><td><ul><li>x</li></ul></td></tr></table>")
    assert not is_layout("<table><tr><td>x</td></tr></table>")


def test_a_row_span_of_zero_reaches_the_end() -> None:
    grid = Grid()
    for row in range(3):
        grid.start_row()
        if not row:
            grid.add_cell("a", 1, 65_534)
        grid.add_cell(str(row), 1, 1)
        grid.end_row()

    assert grid.rows == [["a", "0"], ["", "1"], ["", "2"]]


def test_cells_without_a_row_begin_one() -> None:
    grid = Grid()
    grid.add_cell("a", 1, 1)

    assert grid.rows == [["a"]]


def test_a_table_with_header_cells_may_have_headings_in_its_cells() -> None:
    html = "<table><tr><th>A</th><th>B</th></tr><tr><td><h3>T</h3></td><td>2</td></tr></table>"

    assert html_to_text(html) == "A | B\nT | 2"
