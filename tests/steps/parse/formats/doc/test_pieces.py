"""The piece table of a Word document."""

import struct

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.doc.fib import Fib
from ingest.steps.parse.formats.doc.pieces import Piece, read_pieces
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile

NARROW = 0x4000_0000


def test_text_of_one_byte_each_is_windows_1252(read_doc: ReadDoc) -> None:
    assert read_doc(DocFile([("“Größe” – 5 €\r", b"")], encoding="cp1252").build()).text == "“Größe” – 5 €"


def _fib(table: bytes, *, word6: bool = False, saved_fast: bool = False) -> Fib:
    return Fib(word6, 0x409, saved_fast, "1Table", 0x300, 0x310, {}, {"pieces": (0, len(table))})


def _table(bounds: list[int], pieces: list[tuple[int, int]], modifiers: tuple[bytes, ...] = ()) -> bytes:
    plc = struct.pack(f"<{len(bounds)}I", *bounds)
    plc += b"".join(struct.pack("<HIH", 0, location, modifier) for location, modifier in pieces)
    properties = b"".join(b"\x01" + struct.pack("<H", len(one)) + one for one in modifiers)
    return properties + b"\x02" + struct.pack("<I", len(plc)) + plc


def test_pieces_have_characters_of_one_byte_or_two() -> None:
    table = _table([0, 3, 5], [(0x800, 0), (0x900 * 2 | NARROW, 0)])

    assert read_pieces(_fib(table), bytes(0x1000), table) == [Piece(0, 3, 0x800, 2), Piece(3, 5, 0x900, 1)]


def test_a_fast_save_gives_a_piece_properties_of_its_own() -> None:
    table = _table([0, 1, 2, 3], [(0x800, 1), (0x802, 1 << 1 | 1), (0x804, 9 << 1 | 1)], (b"first", b"second"))

    assert [piece.modifiers for piece in read_pieces(_fib(table), bytes(0x1000), table)] == [b"first", b"second", b""]


def test_a_piece_ends_at_the_end_of_the_stream() -> None:
    table = _table([0, 3, 6], [(0x800, 0), (0x9000, 0)])

    assert read_pieces(_fib(table), bytes(0x802), table) == [Piece(0, 1, 0x800, 2), Piece(3, 3, 0x9000, 2)]


def test_the_text_of_word_6_is_one_piece_unless_it_was_saved_fast() -> None:
    table = _table([0, 2, 5], [(0x302, 0), (0x300, 0)])
    main = bytes(0x308)

    assert read_pieces(_fib(table, word6=True), main, table) == [Piece(0, 8, 0x300, 1)]
    assert read_pieces(_fib(table, word6=True, saved_fast=True), main, table) == [
        Piece(0, 2, 0x302, 1),
        Piece(2, 5, 0x300, 1),
    ]


@pytest.mark.parametrize(
    "table", [b"", b"\x03", b"\x02\xff", b"\x01\x09", b"\x02\0\0\0\0", b"\x02\x10\0\0\0" + bytes(12)]
)
def test_a_damaged_piece_table_is_invalid(table: bytes) -> None:
    with pytest.raises(InvalidFile, match="damaged"):
        read_pieces(_fib(table), bytes(0x1000), table)
