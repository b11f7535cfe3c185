"""Files in base64 inside XML."""

import base64
from pathlib import Path

import pytest
from lxml import etree

from ingest.steps.parse.formats.xml.embedded import embedded_file
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.xml.reading import parse


def test_a_document_inside_is_read_as_an_attachment(tmp_path: Path, documents: DocumentBuilder) -> None:
    data = base64.encodebytes(documents.docx(documents.paragraph("terms of delivery") * 40)).decode()

    parsed = parse(tmp_path, f'<invoice><id>7</id><object filename="terms.docx">{data}</object></invoice>')

    (section,) = parsed.sections
    assert (section.kind, section.name) == ("attachment", "terms.docx")
    assert "terms of delivery" in parsed.text
    assert "UEsD" not in parsed.text


def test_a_picture_inside_is_no_text(tmp_path: Path) -> None:
    data = base64.b64encode(b"\x7fELF" + bytes(range(256)) * 9).decode()

    parsed = parse(tmp_path, f"<r><a>text</a><logo>{data}</logo></r>")

    assert "text" in parsed.text
    assert data[:40] not in parsed.text
    assert parsed.report.warnings[0].part == "attachment logo"


@pytest.mark.parametrize("text", ["ACGT" * 200, "word " * 200, "0123456789" * 80])
def test_long_texts_that_are_no_base64_stay(tmp_path: Path, text: str) -> None:
    assert parse(tmp_path, f"<r><a>{text}</a></r>").text == text.strip()


CONTENT = bytes(range(256)) * 4
ENCODED = base64.b64encode(CONTENT).decode()


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ('<file filename="a.pdf"/>', "a.pdf"),
        ('<file Name="b.pdf"/>', "b.pdf"),
        ('<x:file xmlns:x="urn:x"/>', "file"),
    ],
)
def test_an_embedded_file_has_the_name_of_its_element_or_its_attribute(element: str, name: str) -> None:
    assert embedded_file(etree.fromstring(element), ENCODED) == (name, CONTENT)


def test_base64_in_lines_and_without_padding_is_decoded() -> None:
    lines = "\n".join(["", *(ENCODED[at : at + 76] for at in range(0, len(ENCODED), 76)), ""])

    assert embedded_file(etree.fromstring("<a/>"), lines) == ("a", CONTENT)
    assert embedded_file(etree.fromstring("<a/>"), lines.replace("=", "")) == ("a", CONTENT)


def test_base64_of_an_impossible_length_has_no_content() -> None:
    assert embedded_file(etree.fromstring("<a/>"), ENCODED[:801]) == ("a", b"")


@pytest.mark.parametrize("text", [ENCODED[:300], "ACGT" * 200, "0123456789" * 80, "Word2 " * 100, ENCODED[:500] + "!"])
def test_identifiers_numbers_and_words_are_no_files(text: str) -> None:
    assert embedded_file(etree.fromstring("<a/>"), text) is None
