"""The cache of definitions, which documents made from one template share."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.docx import definitions
from ingest.steps.parse.formats.docx.definitions import read_definitions
from ingest.steps.parse.formats.docx.numbering import ListPosition, Numbering
from ingest.steps.parse.formats.docx.styles import parse_definitions
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from tests.steps.parse.documents import DocumentBuilder

FIRST_LIST = ListPosition("1")


@pytest.fixture
def parsed_parts(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The XML of lists and styles that was parsed so far."""
    parts: list[bytes] = []
    parse = parse_definitions

    def record(numbering_xml: bytes, styles_xml: bytes) -> object:
        parts.append(numbering_xml + styles_xml)
        return parse(numbering_xml, styles_xml)

    monkeypatch.setattr(definitions, "parse_definitions", record)
    definitions.clear_cache()
    return parts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "blob"


def numbering_of(document: bytes, path: Path) -> Numbering:
    path.write_bytes(document)
    with OoxmlPackage(path) as package:
        return Numbering(read_definitions(package, "word/document.xml", {}).lists)


def test_documents_of_one_template_have_own_counters_and_its_definitions_are_parsed_once(
    documents: DocumentBuilder, parsed_parts: list[bytes], path: Path
) -> None:
    one, other = (
        numbering_of(documents.numbered_docx("first text"), path),
        numbering_of(documents.numbered_docx("second text"), path),
    )

    assert [one.count_paragraph(FIRST_LIST), one.count_paragraph(FIRST_LIST), other.count_paragraph(FIRST_LIST)] == [
        "1.",
        "2.",
        "1.",
    ]
    assert len(parsed_parts) == 1


def test_another_template_has_its_own_definitions(
    documents: DocumentBuilder, parsed_parts: list[bytes], path: Path
) -> None:
    one, other = (
        numbering_of(documents.numbered_docx("text"), path),
        numbering_of(documents.numbered_docx("text", first="(%1)"), path),
    )

    assert [one.count_paragraph(FIRST_LIST), other.count_paragraph(FIRST_LIST)] == ["1.", "(1)"]
    assert len(parsed_parts) == 2


def test_only_the_definitions_of_the_last_few_templates_are_cached(
    documents: DocumentBuilder, parsed_parts: list[bytes], path: Path
) -> None:
    numbering_of(documents.numbered_docx("text", first="oldest %1"), path)
    numbering_of(documents.numbered_docx("text", first="used %1"), path)
    for number in range(definitions.CACHED_DEFINITIONS - 1):
        numbering_of(documents.numbered_docx("text", first=f"%1 {number}"), path)
        numbering_of(documents.numbered_docx("text", first="used %1"), path)
    parsed_parts.clear()

    numbering_of(documents.numbered_docx("text", first="used %1"), path)
    assert not parsed_parts
    numbering_of(documents.numbered_docx("text", first="oldest %1"), path)
    assert parsed_parts


def test_long_definitions_are_not_cached(
    documents: DocumentBuilder, parsed_parts: list[bytes], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(definitions, "MAX_CACHED_BYTES", 100)

    numbering_of(documents.numbered_docx("text"), path)
    numbering_of(documents.numbered_docx("text"), path)

    assert len(parsed_parts) == 2


def test_definitions_longer_than_the_archive_claims_are_not_cached(
    documents: DocumentBuilder, parsed_parts: list[bytes], path: Path
) -> None:
    document = documents.numbered_docx("text")
    entry = document.rindex(b"PK\1\2")  # that of the styles
    document = document[: entry + 24] + b"\1\0\0\0" + document[entry + 28 :]

    numbering_of(document, path)
    numbering_of(document, path)

    assert len(parsed_parts) == 2


def test_a_document_without_lists_has_no_numbers(documents: DocumentBuilder, path: Path) -> None:
    assert numbering_of(documents.docx("text"), path).count_paragraph(FIRST_LIST) == ""
