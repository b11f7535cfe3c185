"""Tables of boxes."""

from ingest.steps.parse.formats.html import html_to_text, write_html
from ingest.steps.parse.formats.layout import TextBuilder


def test_boxes_with_roles_are_a_table() -> None:
    html = (
        "<div role=table><div role=rowgroup><div role=row><span role=columnheader>Q1</span><span role=columnheader>Q2"
        "</span></div></div><div role=row><div role=cell></div><div role=cell>5</div></div></div>"
    )
    builder = TextBuilder()
    write_html(builder, html)
    parsed = builder.parsed("html")

    assert parsed.text == "Q1 | Q2\n | 5"
    assert [parsed.text[table.start : table.header_end] for table in parsed.tables] == ["Q1 | Q2"]


def test_other_roles_change_nothing() -> None:
    assert html_to_text('<div role="row"><p role="note">a</p></div><div role="button">b</div>') == "a\n\nb"
