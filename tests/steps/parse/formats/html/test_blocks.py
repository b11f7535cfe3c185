"""Blocks of HTML: paragraphs, headings and preformatted text."""

from ingest.steps.parse.formats.html import html_to_text, write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText


def parse(html: str) -> ParsedText:
    builder = TextBuilder()
    write_html(builder, html)
    return builder.parsed("html")


def test_block_elements_start_a_new_line_and_inline_elements_do_not() -> None:
    html = "<title>T</title><h1>Head</h1><p>One <b>bold</b>\n word<br>next</p><div>a</div><div>b &amp; &eacute;</div>"

    assert html_to_text(html) == "T\n\nHead\n\nOne bold word\nnext\n\na\nb & é"


def test_preformatted_text_keeps_its_white_space() -> None:
    assert html_to_text("<p>x</p><pre>\nif a:\n    b\n\n    c\n</pre>") == "x\n\nif a:\n    b\n\n    c"


def test_headings_have_levels_and_titles() -> None:
    parsed = parse("<h1>One</h1><p>a</p><h2><button>Two\n words</button></h2><h3><div>Three</div></h3><h4></h4>")

    assert [(h.level, h.title) for h in parsed.headings] == [(1, "One"), (2, "Two words"), (3, "Three")]
    assert [parsed.text[h.start :].split("\n")[0] for h in parsed.headings] == ["One", "Two words", "Three"]


def test_a_heading_in_a_list_item_keeps_its_marker_out_of_its_title() -> None:
    parsed = parse("<ul><li><h3>Card</h3><p>text</p></li></ul>")

    assert parsed.text == "- Card\n\ntext"
    assert [h.title for h in parsed.headings] == ["Card"]


def test_a_heading_that_holds_the_page_is_no_heading() -> None:
    assert parse(f"<h1>{'word ' * 200}</h1>").headings == ()


def test_paragraphs_in_a_list_item_stay_in_the_list() -> None:
    assert html_to_text("<p>a<ul><li>x<p>y</p></li><li>z</ul>c") == "a\n\n- x\ny\n- z\n\nc"


def test_blocks_in_a_cell_stay_in_its_line() -> None:
    html = (
        "<table><tr><th>A<th>B</tr><tr><td><div>Title</div><p>text</p><ol><li>x<li>y</ol></td><td>2</td></tr></table>"
    )

    parsed = parse(html)

    assert parsed.text == "A | B\nTitle text 1. x 2. y | 2"
    assert parsed.headings == ()


def test_a_line_break_in_a_heading_is_a_space_in_its_title() -> None:
    parsed = parse("<h2>Part<br>Two</h2>")

    assert parsed.text == "Part\nTwo"
    assert [heading.title for heading in parsed.headings] == ["Part Two"]
