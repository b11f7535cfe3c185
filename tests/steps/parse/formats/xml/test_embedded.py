"""Files in base64 inside XML."""


import base64
import contextlib
from pathlib import Path
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError, InvalidFile
from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.xml import read
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.xml.reading import parse
from lxml import etree
from ingest.steps.parse.formats.xml.embedded import embedded_file


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
