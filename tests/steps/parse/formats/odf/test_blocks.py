"""The blocks of OpenDocument text: headings, tables, frames and shapes."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]
TextOf = Callable[[str], str]


@pytest.mark.parametrize(
    "shape",
    [
        "<draw:frame><draw:text-box><text:p>Words</text:p></draw:text-box></draw:frame>",
        "<draw:custom-shape><text:p>Words</text:p><draw:enhanced-geometry/></draw:custom-shape>",
        "<draw:g><draw:g><draw:rect><text:p>Words</text:p></draw:rect></draw:g></draw:g>",
        '<draw:a xlink:href="x"><draw:frame><draw:text-box><text:p>Words</text:p></draw:text-box></draw:frame></draw:a>',
        "<text:span><draw:caption><text:p>Words</text:p></draw:caption></text:span>",
    ],
)
def test_text_in_frames_and_shapes_follows_their_paragraph(text_of: TextOf, shape: str) -> None:
    body = f"<text:p>anchor{shape} and more</text:p><text:p>next</text:p>"

    assert text_of(body) == "anchor and more\n\nWords\n\nnext"
    assert text_of(f"{shape}<text:p>next</text:p>").split() == ["Words", "next"]


def test_headings_have_levels_and_the_numbers_of_the_outline(odf: Any, read_odf: ReadOdf) -> None:
    outline = (
        '<office:styles><text:outline-style><text:outline-level-style text:level="1" style:num-format="1" '
        'style:num-suffix="."/><text:outline-level-style text:level="2" style:num-format="A" text:display-levels="2"/>'
        "</text:outline-style></office:styles>"
    )
    body = (
        '<text:p text:style-name="Title">Book</text:p><text:h text:outline-level="1">One</text:h>'
        '<text:h text:outline-level="2">Under it</text:h><text:h text:outline-level="2">Again</text:h>'
        '<text:h text:outline-level="1" text:is-list-header="true">Plain</text:h>'
        '<text:h text:outline-level="1">Two</text:h><text:h text:outline-level="2">Last</text:h>'
    )

    parsed = read_odf(odf.package("text", body, styles=outline))

    assert parsed.text.split("\n\n") == ["Book", "1. One", "1.A Under it", "1.B Again", "Plain", "2. Two", "2.A Last"]
    levels = [(heading.level, heading.title) for heading in parsed.headings]
    assert levels == [(1, "Book"), (1, "One"), (2, "Under it"), (2, "Again"), (1, "Plain"), (1, "Two"), (2, "Last")]
    assert parsed.text[parsed.headings[2].start :].startswith("1.A Under it")


def test_empty_and_covered_cells_keep_their_place(odf: Any, read_odf: ReadOdf) -> None:
    nested = f"<table:table>{odf.row('in1', 'in2')}{odf.row('in3', 'in4')}</table:table>"
    body = (
        "<text:p>before</text:p><table:table><table:table-columns><table:table-column/></table:table-columns>"
        f"<table:table-header-rows>{odf.row('Region', 'Q1', 'Q2', 'Q3', 'Q4')}</table:table-header-rows>"
        f"<table:table-row>{odf.cell('North')}<table:table-cell table:number-columns-repeated='3'/>{odf.cell('77')}"
        f"</table:table-row><table:table-row><table:table-cell table:number-columns-spanned='2'><text:p>wide</text:p>"
        f"</table:table-cell><table:covered-table-cell/>{odf.cell('c')}</table:table-row>"
        f"<table:table-row><table:table-cell>{nested}</table:table-cell>{odf.cell('z')}</table:table-row></table:table>"
        f"<table:table>{odf.row('other', 'table')}</table:table>"
    )

    parsed = read_odf(odf.package("text", body))

    table = "Region | Q1 | Q2 | Q3 | Q4\nNorth |  |  |  | 77\nwide |  | c\nin1 | in2; in3 | in4 | z"
    assert parsed.text == f"before\n\n{table}\n\nother | table"
    assert [parsed.text[one.start : one.end] for one in parsed.tables] == [table, "other | table"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<text:section>", "</text:section>"),
        ("<text:list><text:list-item>", "</text:list-item></text:list>"),
        ("<table:table><table:table-row><table:table-cell>", "</table:table-cell></table:table-row></table:table>"),
        ("<draw:g>", "</draw:g>"),
    ],
)
def test_deeply_nested_blocks_keep_their_text(text_of: TextOf, before: str, after: str) -> None:
    assert text_of(before * 500 + "<text:p>deep</text:p>" + after * 500).strip(" -") == "deep"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<text:section><text:p>In a section</text:p></text:section>", "In a section"),
        ('<text:section text:display="none"><text:p>Hidden</text:p></text:section><text:p>Shown</text:p>', "Shown"),
        (
            "<text:table-of-content><text:table-of-content-source><text:index-title-template>No</text:index-title-template>"
            "</text:table-of-content-source><text:index-body><text:index-title><text:p>Contents</text:p></text:index-title>"
            "<text:p>One<text:tab/>1</text:p></text:index-body></text:table-of-content>",
            "Contents\n\nOne\t1",
        ),
        (
            "<text:tracked-changes><text:changed-region><text:deletion><text:p>gone</text:p></text:deletion>"
            "</text:changed-region></text:tracked-changes><text:p>kept<text:change/></text:p>",
            "kept",
        ),
    ],
)
def test_sections_indexes_and_tracked_changes(text_of: TextOf, body: str, text: str) -> None:
    assert text_of(body) == text
