"""The containers of OpenDocument: packages, flat files, old and damaged ones."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse

ReadOdf = Callable[[bytes], ParsedText]
TextOf = Callable[[str], str]


def test_a_flat_file_is_read_like_a_package(parse: Parse, odf: Any) -> None:
    parsed = parse("a.fodt", odf.flat("text", "<text:p>A flat document</text:p>"))

    assert (parsed.text, parsed.kind) == ("A flat document", "fodt")


def test_an_odt_is_detected_by_its_content(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.odt", documents.odt("Prose."))

    assert (parsed.text, parsed.kind) == ("Prose.", "odt")


def test_a_document_of_openoffice_1_is_read(read_odf: ReadOdf, documents: DocumentBuilder) -> None:
    xml = (
        '<office:document-content xmlns:office="http://openoffice.org/2000/office" '
        'xmlns:text="http://openoffice.org/2000/text"><office:body><text:h text:level="2">Title</text:h>'
        "<text:ordered-list><text:list-item><text:p>one</text:p></text:list-item></text:ordered-list></office:body>"
        "</office:document-content>"
    )

    parsed = read_odf(documents.zipped({"mimetype": "application/vnd.sun.xml.writer", "content.xml": xml}))

    assert (parsed.text, [heading.level for heading in parsed.headings]) == ("Title\n\n- one", [2])


def test_damaged_xml_is_read_as_far_as_it_goes_and_reported(
    read_odf: ReadOdf, odf: Any, documents: DocumentBuilder
) -> None:
    xml = odf.content("text", "<text:p>Read</text:p><text:p>cut")[:-60]

    parsed = read_odf(documents.zipped({"mimetype": "x", "content.xml": xml}))

    assert parsed.text.startswith("Read")
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("xml_damaged", "content.xml")]


@pytest.mark.parametrize("members", [{"mimetype": "x"}, {"content.xml": ""}, {"content.xml": "<a/>"}])
def test_a_file_without_content_is_invalid(
    read_odf: ReadOdf, documents: DocumentBuilder, members: dict[str, str | bytes]
) -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as OpenDocument"):
        read_odf(documents.zipped(members))
