"""Word 97 to 2003 documents."""

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_a_doc_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    field = '\x13 HYPERLINK "http://example.com" \x14shown\x15'

    parsed = parse("a.doc", documents.doc(f"Prose with Umläuten, {field}.\rcell\x07other\x07\x07\rEnd\x0c"))

    assert parsed == ParsedText("Prose with Umläuten, shown.\n\ncell | other\n\nEnd", "doc")


def test_an_encrypted_doc_is_invalid(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted"):
        parse("a.doc", documents.doc("text", encrypted=True))
