"""The forms in which Word documents are stored, and damaged bytes in each of them."""

import io
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError
from ingest.steps.parse.formats.docx import read
from ingest.steps.parse.formats.ooxml.package import PartError
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import BODY, TEXT, docx, flat, members, paragraph, word2003, zipped


def test_a_package_in_one_xml_file_is_read(read_docx: Read) -> None:
    content = members(BODY, {"media/a.png": b"x"}, [("image", "media/a.png")])

    parsed = read_docx(flat(content))

    assert parsed.text == TEXT
    assert parsed.report.parts == {"image": {"not_read": 1}}


def test_bytes_before_the_archive_do_not_matter(read_docx: Read) -> None:
    assert read_docx(b"noise\n" + docx(BODY)).text == TEXT


def _mutations() -> list[bytes]:
    return [docx(BODY), flat(members(BODY)), word2003(BODY)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2), st.integers(0, 2**32), st.integers(1, 12))
def test_damaged_bytes_end_with_a_text_or_an_error(kind: int, seed: int, count: int) -> None:
    data, generator = bytearray(_mutations()[kind]), random.Random(seed)
    for _ in range(count):
        data[generator.randrange(len(data))] = generator.randrange(256)
    _read_or_fail(bytes(data))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 8))
def test_damaged_xml_ends_with_a_text_or_an_error(seed: int, count: int) -> None:
    content, generator = members(BODY), random.Random(seed)
    xml = bytearray(str(content["word/document.xml"]).encode())
    for _ in range(count):
        start = generator.randrange(len(xml))
        end = min(len(xml), start + generator.randrange(40))
        xml[start:end] = xml[end : end + generator.randrange(40)]
    _read_or_fail(zipped({**content, "word/document.xml": bytes(xml)}))


def _read_or_fail(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            parsed = read(Path(file.name))
        except (FileError, PartError, zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError):
            return
    ranges = [(s.start, s.end) for s in parsed.sections] + [(t.start, t.end) for t in parsed.tables]
    assert all(0 <= start <= end <= len(parsed.text) for start, end in ranges)
    assert all(0 <= heading.start < len(parsed.text) for heading in parsed.headings)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_document_of_word_2003_is_known_by_its_namespace_in_any_encoding(read_docx: Read, encoding: str) -> None:
    xml = word2003(BODY).decode().replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8")

    assert read_docx(xml.encode(encoding)).text == TEXT


def test_a_package_that_names_word_2003_in_its_text_is_read_as_a_package(read_docx: Read) -> None:
    name = "http://schemas.microsoft.com/office/word/2003/wordml"
    content = members(paragraph(name), {"note.txt": name})

    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        for member, data in content.items():
            archive.writestr(member, data)

    assert read_docx(stored.getvalue()).text == name
