"""The text of OpenDocument paragraphs."""

from collections.abc import Callable

import pytest

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]
TextOf = Callable[[str], str]


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


def test_deeply_nested_spans_and_frames_keep_their_text(text_of: TextOf) -> None:
    frames = "<text:p><draw:frame><draw:text-box>" * 300 + "<text:p>deep</text:p>"
    body = frames + "</draw:text-box></draw:frame></text:p>" * 300

    assert text_of("<text:p>" + "<text:span>" * 1_500 + "deep" + "</text:span>" * 1_500 + "</text:p>") == "deep"
    assert text_of(body) == "deep"
