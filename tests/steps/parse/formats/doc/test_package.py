"""Word 6 to 2003 documents as files."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.doc import read
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.doc.doc_file import DocFile


def test_a_doc_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    field = '\x13 HYPERLINK "http://example.com" \x14shown\x15'

    parsed = parse("a.doc", documents.doc(f"Prose with Umläuten, {field}.\rcell\x07other\x07\x07\rEnd\x0c"))

    assert (parsed.text, parsed.kind) == ("Prose with Umläuten, shown.\n\ncell | other\n\nEnd", "doc")


def test_the_name_of_the_reader_is_left_to_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(DocFile([("text\r", b"")]).build())

    parsed = read(path)

    assert (parsed.text, parsed.kind) == ("text", "doc")
    assert (parsed.report.reader, parsed.report.reader_version) == ("", "")


def test_a_compound_file_without_a_document_is_invalid(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(DocumentBuilder().ole({"Other": b"x"}))

    with pytest.raises(InvalidFile, match="could not be parsed as doc: it is damaged"):
        read(path)
