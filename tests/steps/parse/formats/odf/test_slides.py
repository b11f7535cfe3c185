"""OpenDocument presentations and drawings."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import Parse

ReadOdf = Callable[[bytes], ParsedText]


def test_a_slide_is_its_title_its_shapes_and_its_notes(odf: Any, read_odf: ReadOdf) -> None:
    items = "".join(f"<text:list-item><text:p>{word}</text:p></text:list-item>" for word in ("one", "two"))
    notes = (
        "<presentation:notes><draw:page-thumbnail/>"
        + odf.frame("say hello", 'presentation:class="notes"')
        + odf.frame("7", 'presentation:class="page-number"')
        + "</presentation:notes>"
    )
    slides = (
        "<draw:page><draw:frame><draw:text-box><text:list>"
        + items
        + "</text:list></draw:text-box></draw:frame>"
        + odf.frame("The plan", 'presentation:class="title"')
        + f"<draw:g><draw:custom-shape><text:p>shape</text:p></draw:custom-shape></draw:g>{notes}</draw:page>"
        + "<draw:page>"
        + odf.frame("Click to add a title", 'presentation:class="title" presentation:placeholder="true"')
        + f"<draw:frame><table:table>{odf.row('h1', 'h2')}{odf.row('', 'x')}</table:table></draw:frame></draw:page>"
        + '<draw:page draw:name="page3"/>'
    )

    parsed = read_odf(odf.package("presentation", slides))

    assert parsed.text == "The plan\n\n- one\n- two\n\nshape\n\nsay hello\n\nh1 | h2\n | x"
    assert [(s.kind, s.number, s.name) for s in parsed.sections] == [
        ("slide", 1, "The plan"),
        ("slide", 2, ""),
        ("slide", 3, ""),
    ]
    first, second = parsed.sections[:2]
    assert parsed.text[first.start : first.end].endswith("say hello")
    assert parsed.text[second.start : second.end] == "h1 | h2\n | x"
    assert [heading.title for heading in parsed.headings] == ["The plan"]
    assert parsed.report.parts == {"slide": {"read": 2, "empty": 1}}


def test_a_slide_that_is_a_picture_is_reported(odf: Any, read_odf: ReadOdf) -> None:
    picture = '<draw:page><draw:frame><draw:image xlink:href="p.png"/></draw:frame></draw:page>'

    parsed = read_odf(odf.package("presentation", f"<draw:page>{odf.frame('text')}</draw:page>{picture}"))

    assert parsed.report.parts == {"slide": {"read": 1, "empty": 1}, "image": {"not_read": 1}}
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("image_not_read", "slide 2")]


def test_the_pages_of_a_drawing_are_sections(parse: Parse, odf: Any) -> None:
    page = '<draw:page draw:name="Ground floor"><draw:rect><text:p>Kitchen</text:p></draw:rect></draw:page>'

    for name, data in (("a.odg", odf.package("drawing", page)), ("a.fodg", odf.flat("drawing", page))):
        parsed = parse(name, data)
        assert parsed.text == "Kitchen"
        assert [(s.kind, s.name) for s in parsed.sections] == [("page", "Ground floor")]


def test_presentations_are_detected_by_their_content(parse: Parse, odf: Any) -> None:
    body = "<draw:page>" + odf.frame("Hello") + "</draw:page>"

    assert parse("a.odp", odf.package("presentation", body)).text == "Hello"
    assert parse("a.fodp", odf.flat("presentation", body)).text == "Hello"
