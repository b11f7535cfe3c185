"""HTML as text: blocks, headings, lists, tables and inline elements."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.parse.formats.html import html_to_text, write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText


def parse(html: str) -> ParsedText:
    builder = TextBuilder()
    write_html(builder, html)
    return builder.parsed("html")


def test_scripts_styles_and_comments_are_ignored() -> None:
    html = (
        "<head><style>p{}</style><script>x()</script></head><body><!-- c --><p>kept</p><script>y</script> tail</body>"
    )

    assert html_to_text(html) == "kept\n\ntail"


def test_lists_keep_their_markers_and_depth() -> None:
    html = "<ul><li>a<ul><li>b</li></ul></li><li><p>c</p></li></ul><ol><li>x</li><li>y</li></ol>"

    assert html_to_text(html) == "- a\n  - b\n- c\n\n1. x\n2. y"


def test_tables_become_rows() -> None:
    html = (
        "<p>before</p><table><tr><th>h1</th><th>h2</th></tr><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>after"
    )

    assert html_to_text(html) == "before\n\nh1 | h2\na b | c\n\nafter"


def test_layout_tables_keep_the_text_of_the_page() -> None:
    html = "<table><tr><td><h1>Head</h1><p>text</p><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>"

    assert html_to_text(html) == "Head\n\ntext\n\na | b"


def test_tables_have_a_header_and_rows() -> None:
    parsed = parse("<p>x</p><table><tr><th>A<th>B</tr><tr><td>1<td>2</tr></table><p>y</p>")

    (table,) = parsed.tables
    assert parsed.text[table.start : table.header_end] == "A | B"
    assert parsed.text[table.start : table.end] == "A | B\n1 | 2"


def test_empty_cells_keep_their_place() -> None:
    html = "<table><tr><th>Q1<th>Q2<th>Q3<th>Q4</tr><tr><td>1<td><td><td>4</tr></table>"

    assert html_to_text(html) == "Q1 | Q2 | Q3 | Q4\n1 |  |  | 4"


def test_cells_that_span_rows_and_columns_keep_the_others_in_their_columns() -> None:
    html = (
        "<table><tr><th rowspan=2>Name</th><th colspan=2>Sales</th><th>All</th></tr><tr><td>Q1</td><td>Q2</td><td>x</td></tr>"
        "<tr><td>Ann</td><td>1</td><td></td><td>3</td></tr></table>"
    )

    assert html_to_text(html) == "Name | Sales |  | All\n | Q1 | Q2 | x\nAnn | 1 |  | 3"


def test_a_caption_stands_above_its_rows() -> None:
    html = "<table><caption>Sales</caption><tr><td>a<td>b</table>"

    assert html_to_text(html) == "Sales\na | b"


def test_a_table_of_one_column_has_no_header() -> None:
    assert parse("<table><tr><td>a</td></tr><tr><td>b</td></tr></table>").tables == ()


def test_lists_in_a_table_with_header_cells_stay_in_their_cells() -> None:
    html = "<table><tr><th>A<th>B</tr><tr><td><ul><li>x<li>y</ul><td>z</tr></table>"

    assert html_to_text(html) == "A | B\nx y | z"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>5</sup> cells<sup>3</sup>", "10⁵ cells³"),
        ("H<sub>2</sub>O", "H₂O"),
        ("1<sup>st</sup>", "1st"),
        ("note<sup><a href=x>[1]</a></sup>", "note[1]"),
        ("<my-card>Alpha</my-card><my-card>Beta</my-card>", "Alpha Beta"),
        ("posted <x-time>today</x-time>, by Ann", "posted today, by Ann"),
        ("<button>OK</button><button>Cancel</button>", "OK Cancel"),
        ("<label>Name</label><input value=Ann>", "Name Ann"),
        ("<input type=checkbox checked>Yes<input type=checkbox>No", "☒ Yes ☐ No"),
        ("<input type=hidden value=x><input type=password value=y>a", "a"),
        ("<select><option>red<option selected>blue</select>", "blue"),
        ("<select><option>red<option>blue</select>", "red, blue"),
        ("a<textarea>typed\ntext</textarea>b", "a typed text b"),
        ("soft&shy;hyphen wo<wbr>rd", "softhyphen word"),
        ("<q>quoted</q>", "“quoted”"),
        ("<del>old</del> <s>gone</s> <ins>new</ins>", "old gone new"),
        ("<ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rt>きょう</rt></ruby>", "東京"),
        ("R&amp;D &lt;b&gt; &eacute; &#8364; &amp;lt;", "R&D <b> é € &lt;"),
        ("<img src='data:image/png;base64,AAAA' alt='a chart'>", "a chart"),
        ("<abbr title='World Health Organization'>WHO</abbr>", "WHO"),
        ("前　後", "前　後"),
    ],
)
def test_inline_elements(html: str, text: str) -> None:
    assert html_to_text(f"<p>{html}</p>") == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<details><summary>Question</summary><p>Answer</p></details>", "Question\n\nAnswer"),
        ("<div hidden>tab two</div><div aria-hidden=true>tab three</div>", "tab two\ntab three"),
        ("<iframe srcdoc='<h1>In a frame</h1>'>no frames</iframe>", "In a frame"),
        ("<frameset><frame src=a><noframes><p>Without frames</p></noframes></frameset>", "Without frames"),
        ("<svg><title>Chart</title><style>x</style><text>North</text><text>12</text></svg>", "Chart\nNorth\n12"),
        ("<my-app><template shadowrootmode=open><p>shadow</p></template></my-app>", "shadow"),
        ("<p>a</p><template>b</template><noscript>c</noscript>", "a"),
        ("<noscript>Please enable JavaScript</noscript><script>x()</script>", "Please enable JavaScript"),
        ("<!--[if gte mso 9]><xml><o:x>junk</o:x></xml><![endif]--><p>kept</p><xml><o:y>junk</o:y></xml>", "kept"),
        ("<p><![if !supportLists]>· <![endif]>Item</p>", "· Item"),
        ("<script type='application/ld+json'>{}</script><p>a", "a"),
        ("<div><h1>Notice</h1><p>Fees &amp; fines</p></div>", "Notice\n\nFees & fines"),
        ("a<hr>b", "a\n\nb"),
    ],
)
def test_what_a_browser_shows_is_read(html: str, text: str) -> None:
    assert html_to_text(html) == text


def test_pictures_are_counted() -> None:
    assert parse("<p>a<img src=x><img src=y></p>").report.parts == {"image": {"not_read": 2}}


def test_html_between_other_blocks_of_a_builder_is_separated_from_them() -> None:
    builder = TextBuilder()
    builder.add_line("before")
    write_html(builder, "<p>inside</p>")
    builder.add_line("after")

    assert builder.build() == "before\n\ninside\n\nafter"


@pytest.mark.parametrize(
    "html",
    [
        "<table>" + "<tr><td rowspan=65534 colspan=1000>x" * 300,
        "<table><tr>" + "<td colspan=1000>" * 500,
        "<iframe srcdoc='" + "<iframe srcdoc=&quot;" * 200,
        "<math>" + "<mrow>" * 5_000,
        "<sup>" * 5_000 + "x",
        "<ol>" * 5_000 + "<li>x",
    ],
)
def test_hostile_elements_are_bounded(html: str) -> None:
    assert len(html_to_text(html)) < 10**6


_PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<table>",
        "<tr>",
        "<td>",
        "<td\trowspan=3>",
        "</table>",
        "<h1>",
        "</h1>",
        "<ul>",
        "<li>",
        "</ul>",
        "<sup>",
        "</sup>",
        "<pre>",
        "</pre>",
        "<br>",
        "<title>",
        "<select>",
        "<option>",
        "<math>",
        "<msup>",
        "<svg>",
        "<text>",
        "<iframe\tsrcdoc=x>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&shy;",
        "5",
        "word",
        "ü",
        "\n",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECES, max_size=40))
def test_any_html_has_a_text_with_structure_inside_it(pieces: list[str]) -> None:
    parsed = parse("".join(piece.replace("\t", " ") for piece in pieces))

    for heading in parsed.headings:
        assert parsed.text[heading.start : heading.start + 1].strip()
    for table in parsed.tables:
        assert 0 <= table.start < table.header_end <= table.end <= len(parsed.text)


@pytest.mark.parametrize("attribute", ["shadowrootmode", "shadowroot", "shadowmode"])
def test_shadow_trees_are_read_as_browsers_save_them(attribute: str) -> None:
    html = f'<my-card><template {attribute}="open"><p>in the shadow</p></template>outside</my-card>'

    assert html_to_text(html) == "in the shadow\n\noutside"
