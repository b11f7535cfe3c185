"""The file information block of a Word document."""

import struct

import olefile
import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.formats.doc.fib import read_fib
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.doc.conftest import ReadDoc
from tests.steps.parse.formats.doc.doc_file import DocFile


def test_an_encrypted_doc_is_invalid(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted"):
        parse("a.doc", documents.doc("text", encrypted=True))


def test_word_2_is_refused(read_doc: ReadDoc) -> None:
    data = bytearray(DocFile([("text\r", b"")]).build())
    at = data.index(b"\xec\xa5\xc1\0")
    data[at + 2] = 45

    with pytest.raises(UnsupportedFile, match="Word 2 or older"):
        read_doc(bytes(data))


def _stream(data: bytes, name: str) -> bytes:
    with olefile.OleFileIO(data) as ole:
        return bytes(ole.openstream(name).read())


def test_the_block_tells_where_stories_and_tables_are() -> None:
    data = DocFile([("Body\rnote\r", b"")], lengths={"main": 5, "footnotes": 5}, tables={0x112: b"fonts"}).build()

    fib = read_fib(_stream(data, "WordDocument"))

    assert (fib.is_word6, fib.language, fib.is_complex, fib.table_stream) == (False, 0x409, False, "1Table")
    assert (fib.lengths["main"], fib.lengths["footnotes"], fib.lengths["comments"]) == (5, 5, 0)
    table = _stream(data, "1Table")
    assert fib.table("fonts", table) == b"fonts"
    assert fib.table("styles", table) == b""
    assert fib.table("unknown", table) == b""


def test_word_6_has_its_tables_in_the_stream_of_the_text() -> None:
    data = DocFile([("text\r", b"")], lengths={"main": 5}, word6=True, encoding="cp1252", language=0x419).build()
    main = _stream(data, "WordDocument")

    fib = read_fib(main)

    assert (fib.is_word6, fib.language, fib.table_stream, fib.lengths["main"]) == (True, 0x419, "WordDocument", 5)
    assert main[fib.text_start : fib.text_end] == b"text\r"


def test_lengths_below_zero_and_tables_behind_the_end_count_as_none() -> None:
    main = bytearray(0x200)
    struct.pack_into("<HH", main, 0, 0xA5EC, 0xC1)
    struct.pack_into("<i", main, 0x4C, -1)

    fib = read_fib(bytes(main))

    assert (fib.lengths["main"], fib.tables["list_overrides"]) == (0, (0, 0))


@pytest.mark.parametrize("main", [b"", b"\xec\xa5\xc1\0".ljust(0x1FF, b"\0"), b"\xff\xff\xc1\0".ljust(0x200, b"\0")])
def test_a_block_that_is_cut_or_of_another_program_is_damaged(main: bytes) -> None:
    with pytest.raises(InvalidFile, match="damaged"):
        read_fib(main)
