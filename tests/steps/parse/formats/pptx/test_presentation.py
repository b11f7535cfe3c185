"""PowerPoint presentations: the slides and their order."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.pptx.presentation import read
from ingest.steps.parse.parsed import Heading, Section
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.presentations import paragraph, pptx, shape, title


def test_a_presentation_is_read_slide_by_slide_with_the_notes_last(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.pptx", documents.pptx([("First", "one\ntwo", "I say\nmuch"), ("Second", "three", "Done")]))

    assert parsed.text == (
        "First\n\n- one\n- two\n\nNotes:\nI say\nmuch\n\nSecond\n\n- three\n\nr0c0 | r0c1\nr1c0 | r1c1\n\nNotes:\nDone"
    )
    assert parsed.sections == (Section("slide", 1, "First", 0, 37), Section("slide", 2, "Second", 39, 92))
    assert parsed.headings == (Heading(0, 1, "First"), Heading(39, 1, "Second"))
    assert [parsed.text[s.start : s.end].split("\n")[0] for s in parsed.sections] == ["First", "Second"]
    assert parsed.text[parsed.tables[0].start : parsed.tables[0].header_end] == "r0c0 | r0c1"
    assert parsed.report.parts == {"slide": {"read": 2}}


def test_slides_are_in_the_order_of_the_presentation_and_hidden_ones_are_read(parse: Parse) -> None:
    data = pptx([title("A"), title("B"), title("C")], order=[3, 1, 2], attributes='show="0"')

    parsed = parse("a.pptx", data)

    assert parsed.text == "C\n\nA\n\nB"
    assert [(section.number, section.name) for section in parsed.sections] == [(1, "C"), (2, "A"), (3, "B")]


@pytest.mark.parametrize("kind", ["presentation", "slideshow", "template"])
def test_slide_shows_and_templates_are_read(parse: Parse, kind: str) -> None:
    suffix = {"presentation": "pptx", "slideshow": "ppsx", "template": "potx"}[kind]

    assert parse(f"a.{suffix}", pptx([shape(paragraph("Slide show text"))], kind=kind)).text == "Slide show text"


def test_strict_presentations_are_read(parse: Parse) -> None:
    assert parse("a.pptx", pptx([title("Strict")], is_strict=True)).text == "Strict"


def test_a_damaged_slide_is_reported_and_the_rest_is_read(parse: Parse) -> None:
    parsed = parse("a.pptx", pptx([title("A"), title("B")], parts={"ppt/slides/slide1.xml": "no XML"}))

    assert parsed.text == "B"
    assert parsed.report.parts["slide"] == {"failed": 1, "read": 1}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("slide_not_read", "slide 1")]
    assert parsed.sections[-1].number == 2


def test_a_presentation_whose_slides_are_all_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(pptx([title("A")], parts={"ppt/slides/slide1.xml": "no XML"}))

    with pytest.raises(InvalidFile, match="none of its slides can be read"):
        read(path)


def test_a_presentation_without_its_list_of_slides_is_read_by_the_names_of_the_slides(parse: Parse) -> None:
    slides = [title(f"Slide {number}") for number in range(1, 12)]

    for part in ("ppt/presentation.xml", "ppt/_rels/presentation.xml.rels"):
        parsed = parse("a.pptx", pptx(slides, parts={part: "<broken"}))

        assert parsed.text.split("\n\n") == [f"Slide {number}" for number in range(1, 12)]
