"""Word documents with damaged, missing and hostile parts."""

import struct

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.docx import document
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import BODY, TEXT, docx, members, paragraph, zipped


@pytest.mark.parametrize("is_streamed", [False, True])
@pytest.mark.parametrize("damage", ["</w:wrong>", "<w:t>1 < 2 & 3", "\x01"])
def test_a_damaged_document_is_read_with_a_warning(
    read_docx: Read, monkeypatch: pytest.MonkeyPatch, damage: str, is_streamed: bool
) -> None:
    monkeypatch.setattr(document, "STREAMED_BYTES", 0 if is_streamed else 2**20)
    parsed = read_docx(docx(paragraph("before") + damage + paragraph("after")))

    assert parsed.text.startswith("before")
    assert parsed.report.warnings[0].code in ("document_damaged", "part_damaged")


def test_a_damaged_or_missing_note_part_does_not_fail_the_document(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"footnotes.xml": b"no XML at all", "styles.xml": b"<w:styles", "numbering.xml": ""}

    parsed = read_docx(docx(BODY, parts, [("endnotes", "endnotes.xml")]))

    assert parsed.text == TEXT
    assert {warning.code for warning in parsed.report.warnings} == {"part_damaged", "part_not_read"}


def test_a_part_with_a_wrong_checksum_is_read_with_a_warning(read_docx: Read) -> None:
    data = bytearray(docx(BODY))
    entry = data.rindex(b"PK\1\2", 0, data.rindex(b"word/document.xml"))
    struct.pack_into("<I", data, entry + 16, 1)

    parsed = read_docx(bytes(data))

    assert parsed.text == TEXT
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [
        ("part_damaged", "word/document.xml")
    ]


def test_a_document_that_declares_entities_fails(read_docx: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    content = members(BODY)
    content["word/document.xml"] = f'<!DOCTYPE w [<!ENTITY a "b">]>{content["word/document.xml"]!s}'
    for size in (2**20, 0):
        monkeypatch.setattr(document, "STREAMED_BYTES", size)
        with pytest.raises(InvalidFile, match="could not be parsed as docx"):
            read_docx(zipped(content))


def test_broken_xml_in_a_docx_fails_with_a_clear_error(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as docx"):
        parse("a.docx", documents.docx("<w:p>"))


def test_a_package_without_a_main_part_fails(read_docx: Read) -> None:
    with pytest.raises(InvalidFile, match="main part is missing"):
        read_docx(zipped({"[Content_Types].xml": "<Types/>"}))
