"""PowerPoint 97 to 2003 presentations."""

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_a_ppt_is_read_without_an_office_suite(parse: Parse, documents: DocumentBuilder) -> None:
    assert parse("a.ppt", documents.ppt(["Title", "one\rtwo", "Title"])) == ParsedText("Title\n\none\ntwo", "ppt")
