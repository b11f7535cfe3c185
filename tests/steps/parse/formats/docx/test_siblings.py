"""Other forms of Word documents: strict, flat, of Word 2003, with odd names, and damaged ones."""

import random
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError, InvalidFile
from ingest.steps.parse.formats.docx import document, read
from ingest.steps.parse.formats.ooxml.package import PartError
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import (
    STRICT_W,
    W,
    alternatives,
    docx,
    field,
    flat,
    members,
    paragraph,
    part,
    run,
    styled,
    table,
    word2003,
    zipped,
)

BODY = styled("Scope", "Heading1") + paragraph(run("The fee is ") + run("700")) + table(["a", "b"], ["1", "2"])
TEXT = "Scope\n\nThe fee is 700\n\na | b\n1 | 2"


def test_a_strict_document_reads_like_a_transitional_one(read_docx: Read) -> None:
    content = {name: data.replace(W, STRICT_W) for name, data in members(BODY).items() if isinstance(data, str)}
    content["_rels/.rels"] = content["_rels/.rels"].replace(
        "http://schemas.openxmlformats.org/officeDocument/2006", "http://purl.oclc.org/ooxml/officeDocument"
    )

    assert read_docx(zipped(dict(content))).text == TEXT


def test_names_with_backslashes_and_in_other_cases_are_found(read_docx: Read) -> None:
    content = members(BODY, {"Header1.XML": part("hdr", paragraph("Head"))}, [("header", "HEADER1.xml")])

    assert (
        read_docx(zipped({name.replace("/", "\\"): data for name, data in content.items()})).text == f"Head\n\n{TEXT}"
    )
    assert read_docx(zipped({name.upper(): data for name, data in content.items()})).text == f"Head\n\n{TEXT}"


def test_a_package_in_one_xml_file_is_read(read_docx: Read) -> None:
    content = members(BODY, {"media/a.png": b"x"}, [("image", "media/a.png")])

    parsed = read_docx(flat(content))

    assert parsed.text == TEXT
    assert parsed.report.parts == {"image": {"not_read": 1}}


def test_bytes_before_the_archive_do_not_matter(read_docx: Read) -> None:
    assert read_docx(b"noise\n" + docx(BODY)).text == TEXT


def test_a_document_of_word_2003_is_read(read_docx: Read) -> None:
    numbered = '<w:listPr><w:ilvl w:val="0"/><w:ilfo w:val="1"/><wx:t wx:val="{}"/></w:listPr>'
    note = f"<w:r><w:footnote>{paragraph('A note')}</w:footnote></w:r>"
    deleted = '<aml:annotation w:type="Word.Deletion"><aml:content><w:r><w:delText>900</w:delText></w:r></aml:content></aml:annotation>'
    inserted = f'<aml:annotation w:type="Word.Insertion"><aml:content>{run("700")}</aml:content></aml:annotation>'
    comment = (
        '<w:r><aml:annotation aml:author="Anna" w:type="Word.Comment"><aml:content>'
        f"{paragraph('Check')}</aml:content></aml:annotation></w:r>"
    )
    body = (
        styled("Scope", "Heading1")
        + paragraph("first", numbered.format("1."))
        + paragraph("point", numbered.format("·"))
        + paragraph(run("The fee is ") + deleted + inserted + note + comment)
        + table(["a", "b"])
        + f'<w:sectPr><w:hdr w:type="odd">{paragraph("Head")}</w:hdr><w:ftr>{paragraph("Foot")}</w:ftr></w:sectPr>'
    )
    style = '<w:style w:styleId="Heading1"><w:name w:val="heading 1"/></w:style>'

    parsed = read_docx(word2003(body, style))

    assert parsed.text == (
        "Head\n\nScope\n\n1. first\n- point\n\nThe fee is 700\n\na | b\n\nA note\n\nAnna: Check\n\nFoot"
    )
    assert [heading.title for heading in parsed.headings] == ["Scope"]


def test_a_long_part_reads_the_same_as_a_stream(read_docx: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{paragraph('Prompt')}</w:sdtContent></w:sdt>"
    answer = f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph('Answer')}</w:sdtContent></w:sdt>"
    inner = table(["x", table(["in1", "in2"], ["in3", "in4"]) + "<w:p/>"])
    box = f"<w:r><w:pict><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:pict></w:r>"
    body = BODY + table(["c"]) + prompt + answer + inner + paragraph(run("around") + box)
    body += alternatives(paragraph("chosen"), paragraph("old")) + paragraph(field("PAGE", run("3")))
    data = docx(body, {"comments.xml": part("comments", f'<w:comment w:author="Anna">{paragraph("Hm")}</w:comment>')})
    as_tree = read_docx(data)
    monkeypatch.setattr(document, "STREAMED_BYTES", 0)

    assert read_docx(data) == as_tree
    assert as_tree.text.endswith("boxed\n\naround\n\nchosen\n\n3\n\nAnna: Hm")


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
