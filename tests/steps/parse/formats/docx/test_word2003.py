"""The XML of Word 2003."""

import pytest

from ingest.errors import InvalidFile
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import paragraph, run, styled, table, word2003


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


def test_equal_headers_and_footers_are_read_once(read_docx: Read) -> None:
    page = (
        f'<w:sectPr><w:hdr w:type="odd">{paragraph("Head")}</w:hdr><w:hdr w:type="even">{paragraph("Head")}</w:hdr>'
        f'<w:hdr w:type="first">{paragraph("First")}</w:hdr><w:ftr>{paragraph("Foot")}</w:ftr></w:sectPr>'
    )

    assert read_docx(word2003(paragraph("Body") + page * 2)).text == "Head\n\nFirst\n\nBody\n\nFoot"


def test_notes_and_comments_follow_the_body_and_are_counted(read_docx: Read) -> None:
    def comment(author: str, content: str) -> str:
        attributes = f'aml:author="{author}"' if author else ""
        body = f"<aml:content>{content}</aml:content>" if content else ""
        return f'<w:r><aml:annotation {attributes} w:type="Word.Comment">{body}</aml:annotation></w:r>'

    notes = f"<w:r><w:endnote>{paragraph('An end')}</w:endnote></w:r><w:r><w:footnote>{paragraph('A note')}</w:footnote></w:r>"
    comments = comment("", paragraph("Anonymous")) + comment("Anna", paragraph("Check") + paragraph("Twice"))
    start = '<aml:annotation w:type="Word.Comment.Start"/>'

    parsed = read_docx(word2003(paragraph(run("Body") + start + notes + comments) + paragraph("End")))

    assert parsed.text == "Body\n\nEnd\n\nAn end\n\nA note\n\nAnonymous\n\nAnna: Check\n\nTwice"
    assert parsed.report.parts == {"comment": {"read": 2}}


def test_damaged_xml_is_read_as_far_as_it_goes_with_a_warning(read_docx: Read) -> None:
    data = word2003(paragraph("first") + paragraph("second"))

    parsed = read_docx(data[: data.index(b"second") + 3])

    assert parsed.text == "first\n\nsec"
    assert [warning.code for warning in parsed.report.warnings] == ["document_damaged"]


def test_a_document_that_declares_entities_is_invalid(read_docx: Read) -> None:
    data = word2003(paragraph("Body")).replace(b"<w:wordDocument", b'<!DOCTYPE w [<!ENTITY a "b">]><w:wordDocument', 1)

    with pytest.raises(InvalidFile, match="its XML is damaged"):
        read_docx(data)
