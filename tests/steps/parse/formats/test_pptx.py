"""PowerPoint presentations (.pptx)."""

from ingest.steps.parse.parsed import Section
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_a_pptx_is_read_slide_by_slide_with_the_notes_last(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.pptx", documents.pptx([("First", "one\ntwo", "I say\nmuch"), ("Second", "three", "Done")]))

    assert parsed.text == (
        "First\n\none\n\ntwo\n\nNotes:\nI say\nmuch\n\nSecond\n\nthree\n\nr0c0 | r0c1\nr1c0 | r1c1\n\nNotes:\nDone"
    )
    assert parsed.sections == (Section("slide", 1, "", 0, 34), Section("slide", 2, "", 36, 91))
