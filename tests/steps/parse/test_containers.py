"""ZIP and OLE containers."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.containers import detect_zip_kind
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.mark.parametrize("name", ["a.xlsx", "a.docx"])
def test_an_encrypted_office_file_is_invalid_and_the_message_says_what_to_do(
    parse: Parse, documents: DocumentBuilder, name: str
) -> None:
    with pytest.raises(InvalidFile, match="The file is encrypted; remove its password"):
        parse(name, documents.ole({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}))


def test_a_plain_zip_is_unsupported(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(UnsupportedFile, match=r"it is an archive \(ZIP\).*`ingest import`"):
        parse("a.zip", documents.zipped({"a.txt": "text"}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(parse: Parse, documents: DocumentBuilder) -> None:
    data = documents.with_claimed_size(documents.docx("text"), 80 * 2**20)

    with pytest.raises(InvalidFile, match="would grow from"):
        parse("a.docx", data)


def test_a_container_of_too_many_members_is_refused(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="20001 members"):
        parse("a.docx", documents.zip_with_members(20_001))


TYPES = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"word/document.xml": ""}, "docx"),
        ({"word\\document.xml": ""}, "docx"),
        ({"/Word/Document.xml": ""}, "docx"),
        ({"[Content_Types].xml": f"{TYPES}.wordprocessingml.document.main+xml", "main.xml": ""}, "docx"),
        ({"[Content_Types].xml": f"{TYPES}.wordprocessingml.template.main+xml"}, "docx"),
        ({"[Content_Types].xml": "application/vnd.ms-word.document.macroEnabled.main+xml"}, "docx"),
        ({"[Content_Types].xml": "application/vnd.ms-word.template.macroEnabledTemplate.main+xml"}, "docx"),
        ({"[Content_Types].xml": f"{TYPES}.spreadsheetml.template.main+xml"}, "xlsx"),
        ({"[Content_Types].xml": "application/vnd.ms-excel.sheet.macroEnabled.main+xml"}, "xlsx"),
        ({"[Content_Types].xml": "application/vnd.ms-excel.sheet.binary.macroEnabled.main"}, "xlsb"),
        ({"xl/workbook.bin": ""}, "xlsb"),
        ({"[Content_Types].xml": f"{TYPES}.presentationml.slideshow.main+xml"}, "pptx"),
        ({"[Content_Types].xml": f"{TYPES}.presentationml.template.main+xml"}, "pptx"),
        ({"[Content_Types].xml": "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml"}, "pptx"),
        ({"mimetype": "application/vnd.oasis.opendocument.text-template"}, "odt"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "ods"),
        ({"mimetype": "application/vnd.oasis.opendocument.presentation-template"}, "odp"),
        ({"mimetype": "application/vnd.oasis.opendocument.graphics"}, "odg"),
        ({"content.xml": "", "META-INF/manifest.xml": "application/vnd.oasis.opendocument.text"}, "odt"),
        ({"META-INF/container.xml": "<container/>"}, "epub"),
    ],
)
def test_the_siblings_of_each_format_are_known(
    tmp_path: Path, documents: DocumentBuilder, members: dict[str, str | bytes], kind: str
) -> None:
    (tmp_path / "blob").write_bytes(documents.zipped(members))

    assert detect_zip_kind(tmp_path / "blob") == kind


@pytest.mark.parametrize(
    ("member", "what"),
    [
        ("visio/document.xml", "a Visio drawing"),
        ("Index/Document.iwa", "an Apple iWork"),
        ("META-INF/MANIFEST.MF", "Java"),
    ],
)
def test_documents_that_no_parser_reads_are_named(
    tmp_path: Path, documents: DocumentBuilder, member: str, what: str
) -> None:
    (tmp_path / "blob").write_bytes(documents.zipped({member: ""}))

    with pytest.raises(UnsupportedFile, match=what):
        detect_zip_kind(tmp_path / "blob")


def test_an_archive_behind_a_program_is_opened(tmp_path: Path, documents: DocumentBuilder) -> None:
    (tmp_path / "blob").write_bytes(b"#!/bin/sh\n" * 9 + documents.zipped({"word/document.xml": ""}))

    assert detect_zip_kind(tmp_path / "blob") == "docx"
