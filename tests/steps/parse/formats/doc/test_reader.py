"""The stories of a Word document in their order."""

import struct

from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile


def test_the_stories_of_a_document_have_their_places(read_doc: ReadDoc) -> None:
    stories = {
        "main": "Body\x02 text\x05\r",
        "footnotes": "\x02 A note\r",
        "headers": "Head\rFoot\r",
        "comments": "\x05Why?\r",
        "endnotes": "An end note\r",
        "boxes": "In a box\r",
    }
    bounds = [0] * 7 + [0, 5, 5, 10, 10, 10]
    author = struct.pack("<H", 1) + "A".encode("utf-16-le").ljust(18, b"\0") + struct.pack("<H", 0) + bytes(8)
    tables = {
        0xF2: struct.pack(f"<{len(bounds)}I", *bounds),
        0xC2: struct.pack("<II", 0, 6),
        0xBA: struct.pack("<II", 9, 10) + author,
        0x1BA: struct.pack("<H", 3) + "Ann".encode("utf-16-le"),
    }
    lengths = {name: len(text) for name, text in stories.items()}

    parsed = read_doc(DocFile([("".join(stories.values()), b"")], lengths=lengths, tables=tables).build())

    assert parsed.text == "Head\n\nBody text\n\nIn a box\n\nA note\n\nAn end note\n\nComment (Ann): Why?\n\nFoot"
    assert parsed.report.parts == {"comment": {"read": 1}}


def test_pictures_are_counted(read_doc: ReadDoc) -> None:
    parsed = read_doc(DocFile([("A \x01 and \x01\r", b"")]).build())

    assert parsed.report.parts == {"image": {"not_read": 2}}


def test_equal_headers_of_sections_are_read_once(read_doc: ReadDoc) -> None:
    bounds = [0] * 8 + [5] * 6 + [10] * 4 + [15]
    stories = {"main": "Body\r", "headers": "Head\rHead\rEven\r"}
    lengths = {name: len(text) for name, text in stories.items()}
    tables = {0xF2: struct.pack(f"<{len(bounds)}I", *bounds)}

    parsed = read_doc(DocFile([("".join(stories.values()), b"")], lengths=lengths, tables=tables).build())

    assert parsed.text == "Head\n\nBody\n\nEven"


def test_comments_without_a_table_of_authors_are_read(read_doc: ReadDoc) -> None:
    lengths = {"main": 5, "comments": 10}
    tables = {0xC2: struct.pack("<III", 0, 5, 10)}

    parsed = read_doc(DocFile([("Body\rWhy?\rHow?\r", b"")], lengths=lengths, tables=tables).build())

    assert parsed.text == "Body\n\nComment: Why?\n\nComment: How?"
    assert parsed.report.parts == {"comment": {"read": 2}}
