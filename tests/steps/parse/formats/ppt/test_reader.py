"""The texts of a presentation in their order."""

import struct
import zlib

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ppt.reader import write_presentation
from tests.steps.parse.formats.ppt.conftest import ReadPpt
from tests.steps.parse.formats.ppt.ppt_file import (
    BODY,
    NOTES,
    OTHER,
    TITLE,
    PptFile,
    container,
    document,
    entry,
    record,
    shape,
    slide,
    text_box,
)


def test_slides_are_sections_in_the_order_of_the_presentation_with_their_notes(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    notes = slide(shape(record(0xF00D, text_box(OTHER, "*"))), shape(record(0xF00D, text_box(NOTES, "Say hello"))))
    outline = text_box(TITLE, "Opening"), text_box(BODY, "one\rtwo")
    references = [shape(record(0xF00D, record(0x0F9E, struct.pack("<I", number)))) for number in (0, 1)]
    ppt.save(
        {
            1: document(entry(4, 257), entry(3, 256, *outline), notes=(entry(5, 300),)),
            3: slide(*references, notes=300),
            4: slide(
                shape(record(0xF00D, text_box(TITLE, "Über uns"))),
                container(0xF003, shape(), shape(record(0xF00D, text_box(OTHER, "in a group")))),
            ),
            5: notes,
        }
    )

    parsed = read_ppt(ppt.build())

    assert parsed.text == "Über uns\n\nin a group\n\nOpening\n\none\ntwo\n\nSay hello"
    assert [(s.kind, s.number, s.name) for s in parsed.sections] == [("slide", 1, "Über uns"), ("slide", 2, "Opening")]
    second = parsed.sections[1]
    assert parsed.text[second.start : second.end] == "Opening\n\none\ntwo\n\nSay hello"
    assert [heading.title for heading in parsed.headings] == ["Über uns", "Opening"]
    assert parsed.report.parts == {"slide": {"read": 2}}


def test_comments_are_read_with_their_authors(read_ppt: ReadPpt) -> None:
    def string(instance: int, text: str) -> bytes:
        return record(0x0FBA, text.encode("utf-16-le"), instance=instance)

    comment = container(
        0x1388, container(0x138A, record(0x138B, b"")), container(0x2EE0, string(0, "Ann"), string(1, "Why?"))
    )
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))), more=comment)})

    parsed = read_ppt(ppt.build())

    assert parsed.text == "text\n\nComment (Ann): Why?"
    assert parsed.report.parts == {"comment": {"read": 1}, "slide": {"read": 1}}


def test_embedded_objects_are_read_or_reported(read_ppt: ReadPpt) -> None:
    content = b"Text of the object."
    packed = record(0x1011, struct.pack("<I", len(content)) + zlib.compress(content), instance=1)
    atoms = [
        container(0x0FCC, record(0x0FC3, struct.pack("<IIIIII", 1, 0, number, 0, persist, 0), version=1))
        for number, persist in ((1, 7), (2, 8))
    ]
    ppt = PptFile()
    ppt.save(
        {
            1: document(entry(3, 256), more=container(0x0409, *atoms)),
            3: slide(shape(record(0xF00D, text_box(OTHER, "text")))),
            7: packed,
            8: record(0x1011, b"\0\0\0\0damaged", instance=1),
        }
    )

    parsed = read_ppt(ppt.build())

    assert parsed.text == "text\n\nAttachment: Object 1\n\nText of the object."
    assert parsed.report.parts["embedded_object"]["read"] == 1
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"]


def test_a_damaged_slide_is_reported_and_the_others_are_read(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(9, 255), entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))))})

    parsed = read_ppt(ppt.build())

    assert parsed.text == "text"
    assert parsed.report.parts == {"slide": {"failed": 1, "read": 1}}
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("slide_not_read", "slide 1")]


def test_texts_without_a_structure_are_read_in_their_order_and_once() -> None:
    master = container(0x03F8, text_box(TITLE, "Click to edit"))
    data = master + slide(text_box(OTHER, "first")) + text_box(OTHER, "über") + slide(text_box(OTHER, "first"))
    builder = TextBuilder()

    write_presentation(builder, data, b"")

    assert builder.build() == "first\n\nüber"


def test_a_presentation_without_a_structure_may_be_encrypted() -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted"):
        write_presentation(TextBuilder(), container(0x03E8, record(0x2F14, b"keys")), b"")
