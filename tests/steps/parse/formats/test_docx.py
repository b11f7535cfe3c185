"""Word documents (.docx)."""

from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText, Parser
from tests.steps.parse.documents import DocumentBuilder, Parse


def test_a_docx_keeps_headings_lists_tables_and_notes(parse: Parse, documents: DocumentBuilder) -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    body = (
        documents.paragraph("Title", '<w:pStyle w:val="Heading1"/>')
        + documents.paragraph("one", item.format(0))
        + documents.paragraph("inner", item.format(1))
        + documents.word_table([["a", "b"], ["", "d"]])
        + documents.paragraph("End &amp; tail", '<w:tabs><w:tab w:val="left"/></w:tabs>')
    )

    parsed = parse(
        "a.docx",
        documents.docx(body, header1=documents.paragraph("Top"), header2=documents.paragraph("Top"), footnotes1=""),
    )

    assert parsed == ParsedText("Top\n\nTitle\n\n- one\n  - inner\na | b\nd\n\nEnd & tail", "docx")


def test_lists_have_the_numbers_that_word_shows(parse: Parse, documents: DocumentBuilder) -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr>'
    body = (
        documents.paragraph("Scope", '<w:pStyle w:val="Clause"/>')
        + documents.paragraph("one", item.format(0, 1))
        + documents.paragraph("inner", item.format(1, 1))
        + documents.paragraph("inner too", item.format(1, 1))
        + documents.paragraph("two", item.format(0, 1))
        + documents.paragraph("bullet", item.format(0, 2))
        + documents.paragraph("other", item.format(1, 1))
        + documents.paragraph("again", item.format(0, 3))
        + documents.paragraph("not", '<w:pStyle w:val="Clause"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + documents.paragraph("deep", '<w:pStyle w:val="Clause"/><w:numPr><w:ilvl w:val="1"/></w:numPr>')
    )

    parsed = parse("a.docx", documents.numbered_docx(body))

    assert parsed.text == (
        "§ I Scope\n\n1. one\n  a) inner\n  b) inner too\n2. two\n- bullet\n  a) other\n7. again\n\nnot\n\n§ I.01 deep"
    )


def test_numbers_follow_the_current_properties_and_not_those_before_a_tracked_change(
    parse: Parse, documents: DocumentBuilder
) -> None:
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    was = "<w:pPrChange><w:pPr>{}</w:pPr></w:pPrChange>"
    body = (
        documents.paragraph("first", item)
        + documents.paragraph("was no item", item + was.format('<w:numPr><w:numId w:val="0"/></w:numPr>'))
        + documents.paragraph("is none any more", was.format(item))
    )

    assert parse("a.docx", documents.numbered_docx(body)).text == "1. first\n2. was no item\n\nis none any more"


def test_a_text_box_is_read_once(parse: Parse, documents: DocumentBuilder) -> None:
    box = f"<w:txbxContent>{documents.paragraph('boxed')}</w:txbxContent>"
    body = f"<w:p><w:r><w:t>around</w:t></w:r><w:r><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback></w:r></w:p>"

    assert parse("a.docx", documents.docx(body)).text == "boxed\n\naround"


def test_a_huge_docx_needs_little_memory(documents: DocumentBuilder, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(documents.docx(documents.paragraph("some words") * 30_000))  # as a tree, 17 MiB and more
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 16}))  # less than Settings allow

    parsed = parser.parse(path, "a.docx")

    assert parsed.text.count("some words") == 30_000
    parser.close()


def test_broken_xml_in_a_docx_fails_with_a_clear_error(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as docx"):
        parse("a.docx", documents.docx("<w:p>"))
