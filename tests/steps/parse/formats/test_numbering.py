"""The cache of list definitions, which documents made from one template share."""

import io
import zipfile

import pytest

from ingest.steps.parse.formats import numbering
from ingest.steps.parse.formats.numbering import ListPosition, Numbering, read_numbering
from tests.steps.parse.documents import DocumentBuilder

FIRST_LIST = ListPosition("1")


@pytest.fixture
def parsed_parts(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The XML parts that were parsed so far."""
    parts: list[bytes] = []
    parse = numbering._parse_xml

    def record(xml: bytes) -> object:
        parts.append(xml)
        return parse(xml)

    monkeypatch.setattr(numbering, "_parse_xml", record)
    numbering._parse_definitions_cached.cache_clear()
    return parts


def numbering_of(document: bytes) -> Numbering:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return read_numbering(archive)


def test_documents_of_one_template_have_own_counters_and_its_definitions_are_parsed_once(
    documents: DocumentBuilder, parsed_parts: list[bytes]
) -> None:
    one, other = (
        numbering_of(documents.numbered_docx("first text")),
        numbering_of(documents.numbered_docx("second text")),
    )

    assert [one.count_paragraph(FIRST_LIST), one.count_paragraph(FIRST_LIST), other.count_paragraph(FIRST_LIST)] == [
        "1.",
        "2.",
        "1.",
    ]
    assert len(parsed_parts) == 2


def test_another_template_has_its_own_definitions(documents: DocumentBuilder, parsed_parts: list[bytes]) -> None:
    one, other = (
        numbering_of(documents.numbered_docx("text")),
        numbering_of(documents.numbered_docx("text", first="(%1)")),
    )

    assert [one.count_paragraph(FIRST_LIST), other.count_paragraph(FIRST_LIST)] == ["1.", "(1)"]
    assert len(parsed_parts) == 4


def test_only_the_definitions_of_the_last_few_templates_are_cached(
    documents: DocumentBuilder, parsed_parts: list[bytes]
) -> None:
    numbering_of(documents.numbered_docx("text", first="oldest %1"))
    numbering_of(documents.numbered_docx("text", first="used %1"))
    for number in range(numbering._CACHED_DEFINITIONS - 1):
        numbering_of(documents.numbered_docx("text", first=f"%1 {number}"))
        numbering_of(documents.numbered_docx("text", first="used %1"))
    parsed_parts.clear()

    numbering_of(documents.numbered_docx("text", first="used %1"))
    assert not parsed_parts
    numbering_of(documents.numbered_docx("text", first="oldest %1"))
    assert parsed_parts


def test_long_definitions_are_not_cached(
    documents: DocumentBuilder, parsed_parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbering, "_MAX_CACHED_BYTES", 100)

    numbering_of(documents.numbered_docx("text"))
    numbering_of(documents.numbered_docx("text"))

    assert len(parsed_parts) == 4


def test_a_document_without_lists_has_no_numbers(documents: DocumentBuilder, parsed_parts: list[bytes]) -> None:
    assert numbering_of(documents.docx("text")).count_paragraph(FIRST_LIST) == ""
