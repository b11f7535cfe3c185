"""The tables of a Word document."""

import struct

import olefile
import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.doc.document import Document
from ingest.steps.parse.formats.doc.pieces import Piece
from tests.steps.parse.formats.doc.doc_file import DocFile, font_table, style_sheet


def _open(file: DocFile) -> Document:
    with olefile.OleFileIO(file.build()) as ole:
        streams = {entry[0]: ole.openstream(entry).read() for entry in ole.listdir()}
    return Document(lambda name: streams.get(name, b""))


def test_the_stories_follow_each_other_and_the_rest_is_one_too() -> None:
    stories = _open(DocFile([("Body\rnote\rrest", b"")], lengths={"main": 5, "footnotes": 5})).stories()

    assert (stories["main"], stories["footnotes"], stories["comments"]) == ((0, 5), (5, 10), (10, 10))
    assert stories["rest"] == (10, 14)


def test_all_text_is_the_main_story_if_there_are_no_lengths() -> None:
    assert _open(DocFile([("Body\rmore\r", b"")])).stories() == {"main": (0, 10)}


def test_stories_end_where_the_text_ends() -> None:
    stories = _open(DocFile([("Body\r", b"")], lengths={"main": 900, "headers": 2**31 - 1})).stories()

    assert (stories["main"], stories["headers"], stories["rest"]) == ((0, 5), (5, 5), (5, 5))


def test_a_range_of_characters_has_its_pieces() -> None:
    plc = struct.pack("<III", 0, 3, 6) + struct.pack("<HIH", 0, 0x800, 0) + struct.pack("<HIH", 0, 0x806, 0)
    document = _open(DocFile([("abcde\r", b"")], tables={0x1A2: b"\x02" + struct.pack("<I", len(plc)) + plc}))
    first, second = Piece(0, 3, 0x800, 2), Piece(3, 6, 0x806, 2)

    assert document.pieces == [first, second]
    assert document.pieces_of(0, 3) == [first]
    assert document.pieces_of(3, 6) == [second]
    assert document.pieces_of(2, 4) == [first, second]


def test_the_tables_of_a_document_are_read_once() -> None:
    tables = {0xA2: style_sheet([(3, 0xFFF, b"")]), 0x112: font_table([("Symbol", 2)])}
    document = _open(DocFile([("a", b""), ("b\r", b"\x48\x2a\1")], {0: (7, b"")}, tables=tables))

    assert document.charsets.fonts[0].name == "Symbol"
    assert document.styles.heading(0) == 3
    assert (document.character_runs.at(0x800), document.character_runs.at(0x802)) == (b"", b"\x48\x2a\1")
    assert document.paragraph_runs.at(0x804) == b"\7\0"


def test_a_document_without_text_streams_is_invalid() -> None:
    with pytest.raises(InvalidFile, match="damaged"):
        Document(lambda name: b"")
