"""OpenDocument text."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]
TextOf = Callable[[str], str]

LIST_STYLE = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="." text:start-value="5"/><text:list-level-style-number text:level="2" style:num-format="a" '
    'style:num-prefix="(" style:num-suffix=")"/><text:list-level-style-number text:level="3" style:num-format="I" '
    'text:display-levels="3"/></text:list-style>'
)


def item(text: str, more: str = "", attributes: str = "") -> str:
    return f"<text:list-item {attributes}><text:p>{text}</text:p>{more}</text:list-item>"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<text:p>One</text:p><text:p>Two</text:p>", "One\n\nTwo"),
        ('<text:p>a<text:s text:c="2"/>b<text:tab/>c<text:line-break/>d</text:p>', "a  b\tc\nd"),
        ("<text:p>a \n  <text:span> b</text:span>  c</text:p>", "a b c"),
        ("<text:p>soft\u00adhyphen<text:soft-page-break/> end</text:p>", "softhyphen end"),
        ('<text:p>see <text:a xlink:href="http://a.example">the page</text:a></text:p>', "see the page"),
        (
            "<text:p><text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とう</text:ruby-text></text:ruby></text:p>",
            "東京",
        ),
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
        (
            "<text:p>x<math:math><math:mi>E</math:mi><math:mo>=</math:mo><math:mi>m</math:mi></math:math></text:p>",
            "xE=m",
        ),
    ],
)
def test_paragraphs_and_what_is_in_them(text_of: TextOf, body: str, text: str) -> None:
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ('<text:user-field-get text:name="n">Ms Berg</text:user-field-get>', "Ms Berg"),
        ("<text:date>6 May 2024</text:date>", "6 May 2024"),
        ('<text:drop-down text:name="d"><text:label text:value="one"/>option two</text:drop-down>', "option two"),
        ("<text:title>Lease of the mill</text:title>", "Lease of the mill"),
        ("<text:sender-lastname>Berg</text:sender-lastname>", "Berg"),
        ('<text:variable-set text:name="v" office:value="3">3 m</text:variable-set>', "3 m"),
        ('<text:conditional-text text:condition="x">yes</text:conditional-text>', "yes"),
        ("<text:placeholder>&lt;Name&gt;</text:placeholder>", "<Name>"),
        ("<text:sequence>4</text:sequence>", "4"),
        ("<text:database-display>Oslo</text:database-display>", "Oslo"),
        ('<text:hidden-text text:is-hidden="true" text:string-value="no">no</text:hidden-text>ok', "ok"),
        ("<text:bookmark-ref>page 7</text:bookmark-ref>", "page 7"),
        ("<text:script>alert()</text:script>ok", "ok"),
        ("<text:something-of-a-later-version>kept</text:something-of-a-later-version>", "kept"),
    ],
)
def test_fields_are_read_as_they_are_shown(text_of: TextOf, field: str, text: str) -> None:
    assert text_of(f"<text:p>{field}</text:p>") == text


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


def test_list_numbers_start_where_the_document_says(odf: Any, read_odf: ReadOdf) -> None:
    inner = f"<text:list>{item('five a')}{item('five b')}</text:list>"
    nine = item("nine", "<text:p>more of it</text:p>", 'text:start-value="9"')
    body = (
        f'<text:list xml:id="one" text:style-name="L">{item("five", inner)}{nine}</text:list>'
        f'<text:p>between</text:p><text:list text:continue-list="one" text:style-name="L">{item("ten")}</text:list>'
        f'<text:list text:continue-numbering="true" text:style-name="L">{item("eleven")}</text:list><text:p>x</text:p>'
        f'<text:list text:style-name="L">{item("five again")}</text:list><text:p>x</text:p>'
        f'<text:list text:style-name="L"><text:list-header><text:p>Header</text:p></text:list-header></text:list>'
        f"<text:list>{item('bullet')}</text:list>"
    )

    text = read_odf(odf.package("text", body, automatic=LIST_STYLE)).text

    assert text == (
        "5. five\n  (a) five a\n  (b) five b\n9. nine\n  more of it\n\nbetween\n\n10. ten\n11. eleven\n\nx\n\n"
        "5. five again\n\nx\n\n  Header\n- bullet"
    )


def test_a_list_without_a_style_of_its_own_has_that_of_its_paragraphs(odf: Any, read_odf: ReadOdf) -> None:
    styles = f'{LIST_STYLE}<style:style style:name="P1" style:family="paragraph" style:list-style-name="L"/>'
    body = '<text:list><text:list-item><text:p text:style-name="P1">five</text:p></text:list-item></text:list>'

    assert read_odf(odf.package("text", body, automatic=styles)).text == "5. five"


def test_exponents_and_hidden_text_come_from_styles(odf: Any, read_odf: ReadOdf) -> None:
    styles = (
        '<style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><style:style style:name="T1" style:family="text" style:parent-style-name="up"/>'
        '<style:style style:name="down" style:family="text"><style:text-properties style:text-position="-33% 58%"/>'
        '</style:style><style:style style:name="flat" style:family="text"><style:text-properties '
        'style:text-position="0% 100%"/></style:style><style:style style:name="no" style:family="text">'
        '<style:text-properties text:display="none"/></style:style><style:style style:name="P" style:family="paragraph">'
        '<style:text-properties text:display="none"/></style:style>'
    )
    body = (
        '<text:p>10<text:span text:style-name="T1">5</text:span> H<text:span text:style-name="down">2</text:span>O '
        '<text:span text:style-name="flat">7</text:span><text:span text:style-name="no">secret</text:span></text:p>'
        '<text:p text:style-name="P">secret</text:p>'
    )

    assert read_odf(odf.package("text", body, automatic=styles)).text == "10⁵ H₂O 7"


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


def test_headers_notes_comments_and_footers_have_their_places(odf: Any, read_odf: ReadOdf) -> None:
    page = (
        "<style:master-page><style:header><text:p>Head</text:p></style:header><style:header-first><text:p>Head</text:p>"
        '</style:header-first><style:header-left style:display="false"><text:p>No</text:p></style:header-left>'
        "<style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page>"
    )
    body = (
        "<text:p>Text<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note</text:p>"
        "</text:note-body></text:note><office:annotation><dc:creator>Ann</dc:creator><text:p>Why?</text:p>"
        "</office:annotation> end<office:annotation-end/></text:p>"
    )

    parsed = read_odf(odf.package("text", body, styles=f"<office:master-styles>{page}{page}</office:master-styles>"))

    assert parsed.text == "Head\n\nText end\n\nThe note\n\nComment (Ann): Why?\n\nPage 1"
    assert parsed.report.parts == {"comment": {"read": 1}}


def test_the_controls_of_forms_show_their_values(odf: Any, read_odf: ReadOdf) -> None:
    body = (
        '<office:forms><form:form><form:checkbox xml:id="c1" form:label="I agree" form:current-state="checked"/>'
        '<form:text form:id="c2" form:current-value="Oslo"/><form:listbox form:id="c3"><form:option form:label="no"/>'
        '<form:option form:label="yes" form:current-selected="true"/></form:listbox><form:fixed-text form:id="c4" '
        'form:label="City"/></form:form></office:forms><text:p><draw:control draw:control="c4"/>'
        '<draw:control draw:control="c2"/></text:p><text:p><draw:control draw:control="c1"/></text:p>'
        '<text:p>In: <draw:control draw:control="c3"/></text:p>'
    )

    text = read_odf(odf.package("text", body)).text
    assert [line.split() for line in text.split("\n\n")] == [["City", "Oslo"], ["☒", "I", "agree"], ["In:", "yes"]]


def test_formulas_charts_and_tables_in_objects_are_read(odf: Any, read_odf: ReadOdf) -> None:
    chart = (
        "<chart:chart><chart:title><text:p>Visitors</text:p></chart:title><chart:plot-area><chart:axis><chart:title>"
        "<text:p>Harbour</text:p></chart:title></chart:axis></chart:plot-area><table:table><table:table-header-rows>"
        f"{odf.row('', 'May')}</table:table-header-rows><table:table-rows>{odf.row('Bergen', '7')}</table:table-rows>"
        "</table:table></chart:chart>"
    )
    formula = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>'
        '</mrow><annotation encoding="StarMath 5.0">m c^2</annotation></semantics></math>'
    )
    body = (
        '<text:p>E = <draw:frame><draw:object xlink:href="./Object 1"/><draw:image xlink:href="r"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object xlink:href="./Object 2"/><draw:image xlink:href="r"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object-ole xlink:href="./Object 3"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:object xlink:href="../gone"/></draw:frame></text:p>'
        '<text:p><draw:frame><draw:image xlink:href="p.png"/></draw:frame></text:p>'
    )
    parts = {
        "Object 1/content.xml": formula.encode(),
        "Object 2/content.xml": odf.part("chart", chart),
        "Object 3": b"Text of the object.",
    }

    parsed = read_odf(odf.package("text", body, parts=parts))

    assert parsed.text == (
        "E = mc²\n\nVisitors\n\nHarbour\n\n | May\nBergen | 7\n\nAttachment: Object 3\n\nText of the object."
    )
    assert parsed.report.parts == {"embedded_object": {"read": 2, "not_read": 1}, "image": {"not_read": 1}}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]
