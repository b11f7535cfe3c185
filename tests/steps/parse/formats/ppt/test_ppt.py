"""PowerPoint 97 to 2003 presentations."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.ppt import read
from tests.steps.parse.documents import DocumentBuilder, Parse

ReadPpt = Callable[[bytes], ParsedText]
TITLE, BODY, NOTES, OTHER = 0, 1, 2, 4


@pytest.fixture
def read_ppt(tmp_path: Path) -> ReadPpt:
    """Read a presentation's bytes, without a parser process."""

    def run(data: bytes) -> ParsedText:
        path = tmp_path / "blob"
        path.write_bytes(data)
        return read(path).normalized()

    return run


def record(kind: int, body: bytes, *, version: int = 0, instance: int = 0) -> bytes:
    return struct.pack("<HHI", instance << 4 | version, kind, len(body)) + body


def container(kind: int, *children: bytes, instance: int = 0) -> bytes:
    return record(kind, b"".join(children), version=0x0F, instance=instance)


def text_box(kind: int, text: str) -> bytes:
    """Return the text of a shape; Latin text as bytes."""
    atom = record(0x0FA8, text.encode("latin-1")) if text.isascii() else record(0x0FA0, text.encode("utf-16-le"))
    return record(0x0F9F, struct.pack("<I", kind)) + atom


def shape(*parts: bytes) -> bytes:
    return container(0xF004, *parts)


def drawing(*shapes: bytes) -> bytes:
    return container(0x040C, container(0xF002, container(0xF003, shape(), *shapes)))


def slide(*shapes: bytes, notes: int = 0, more: bytes = b"", kind: int = 0x03EE) -> bytes:
    atom = record(0x03EF, struct.pack("<I8sIIHH", 0, bytes(8), 0, notes, 0, 0), version=2)
    return container(kind, atom, drawing(*shapes), more)


def entry(persist: int, identifier: int, *texts: bytes) -> bytes:
    return record(0x03F3, struct.pack("<IIIII", persist, 0, 0, identifier, 0)) + b"".join(texts)


class PptFile:
    """Builds a presentation of objects, each saved after the previous one."""

    def __init__(self) -> None:
        self._stream = b""
        self._edit = 0

    def save(self, objects: dict[int, bytes], document: int = 1) -> None:
        """Append objects by their numbers, as a save does."""
        directory = b""
        for number, content in objects.items():
            directory += struct.pack("<II", number | 1 << 20, len(self._stream))
            self._stream += content
        at = len(self._stream)
        self._stream += record(0x1772, directory)
        edit = len(self._stream)
        self._stream += record(0x0FF5, struct.pack("<IIIIIIHH", 0, 0, self._edit, at, document, 0, 0, 0))
        self._edit = edit

    def build(self, *, token: int = 0xE391C05F, pictures: bytes = b"") -> bytes:
        user = record(0x0FF6, struct.pack("<III", 20, token, self._edit) + bytes(12))
        streams = {"PowerPoint Document": self._stream, "Current User": user}
        return DocumentBuilder().ole(streams | ({"Pictures": pictures} if pictures else {}))


def document(*slides: bytes, notes: tuple[bytes, ...] = (), more: bytes = b"") -> bytes:
    lists = container(0x0FF0, *slides), container(0x0FF0, *notes, instance=2)
    return container(0x03E8, *lists, more)


def test_a_ppt_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.ppt", documents.ppt(["Title", "one\rtwo", "Title"]))

    assert (parsed.text, parsed.kind) == ("Title\n\none\ntwo", "ppt")


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


def test_only_the_newest_form_of_a_slide_is_read(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(shape(record(0xF00D, text_box(OTHER, "old"))))})
    ppt.save({3: slide(shape(record(0xF00D, text_box(OTHER, "new"))))})

    assert read_ppt(ppt.build()).text == "new"


def test_the_prompts_of_masters_are_no_text(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    master = container(0x03F8, drawing(shape(record(0xF00D, text_box(TITLE, "Click to edit")))))
    ppt.save({1: document(entry(3, 256)), 2: master, 3: slide(shape(record(0xF00D, text_box(OTHER, "text"))))})

    assert read_ppt(ppt.build()).text == "text"


def test_a_table_keeps_its_rows_columns_and_empty_cells(read_ppt: ReadPpt) -> None:
    def cell(row: int, column: int, text: str) -> bytes:
        anchor = record(0xF00F, struct.pack("<iiii", column * 100, row * 50, column * 100 + 99, row * 50 + 49))
        return shape(anchor, record(0xF00D, text_box(OTHER, text)))

    group = shape(record(0xF122, struct.pack("<HI", 0x039F, 1), version=3, instance=1))
    cells = [
        cell(1, 2, "77"),
        cell(0, 0, "Region"),
        cell(0, 1, "Q1"),
        cell(0, 2, "Q2"),
        cell(1, 0, "North"),
        cell(1, 1, ""),
    ]
    ppt = PptFile()
    ppt.save({1: document(entry(3, 256)), 3: slide(container(0xF003, group, *cells))})

    parsed = read_ppt(ppt.build())

    assert parsed.text == "Region | Q1 | Q2\nNorth |  | 77"
    assert len(parsed.tables) == 1


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


def test_an_encrypted_presentation_is_invalid(read_ppt: ReadPpt) -> None:
    ppt = PptFile()
    ppt.save({1: document()})

    with pytest.raises(InvalidFile, match="The file is encrypted"):
        read_ppt(ppt.build(token=0xF3D1C4DF))
