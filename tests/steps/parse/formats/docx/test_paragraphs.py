"""The properties of paragraphs: lists, headings, and paragraphs that are one with the next."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.docx.numbering import LEVELS, NO_LIST, ListPosition
from ingest.steps.parse.formats.docx.paragraphs import PLAIN, ParagraphProperties, PropertyReader
from ingest.steps.parse.formats.docx.styles import Definitions, Style
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, paragraph, part


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


def test_headings_are_found_by_their_own_level(read_docx: Read) -> None:
    body = paragraph("Text") + paragraph("Scope", '<w:outlineLvl w:val="0"/>') + paragraph("", "<w:outlineLvl/>")

    assert [(heading.start, heading.level) for heading in read_docx(docx(body)).headings] == [(6, 1)]


def test_a_large_initial_is_one_with_its_paragraph(read_docx: Read) -> None:
    frame = '<w:framePr w:dropCap="drop" w:lines="3"/>'
    body = paragraph("D", frame) + paragraph("ear reader") + paragraph("Once", frame) + paragraph(" upon a time")

    assert read_docx(docx(body)).text == "Dear reader\n\nOnce upon a time"


def test_paragraphs_around_a_deleted_paragraph_mark_are_one(read_docx: Read) -> None:
    mark = '<w:rPr><w:del w:id="1" w:author="x"/></w:rPr>'
    body = paragraph("The fee is ", mark) + paragraph("700") + paragraph("last", mark)

    assert read_docx(docx(body)).text == "The fee is 700\n\nlast"


CLAUSE = Style(2, ListPosition("4", 1), is_list=False)
BULLET = Style(0, ListPosition("5"), is_list=True)


def properties(content: str) -> ParagraphProperties:
    """Return the properties of a paragraph in a document with the styles Clause and Bullet."""
    definitions = Definitions(styles={"Clause": CLAUSE, "Bullet": BULLET})
    root = etree.fromstring(part("pPr", content))
    return PropertyReader(lambda: definitions).read(root)


def numbers(list_id: str, level: str = "") -> str:
    ilvl = f'<w:ilvl w:val="{level}"/>' if level else ""
    return f'<w:numPr>{ilvl}<w:numId w:val="{list_id}"/></w:numPr>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<w:jc/>", PLAIN),
        ('<w:pStyle w:val="Clause"/>', ParagraphProperties(CLAUSE.position, heading=2)),
        ('<w:pStyle w:val="Clause"/>' + numbers("0"), ParagraphProperties(heading=2)),
        ('<w:pStyle w:val="Clause"/><w:outlineLvl w:val="9"/>', ParagraphProperties(CLAUSE.position)),
        ('<w:pStyle w:val="Bullet"/>', ParagraphProperties(BULLET.position, is_list_item=True)),
        ('<w:pStyle w:val="Bullet"/>' + numbers("7"), ParagraphProperties(ListPosition("7"), is_list_item=True)),
        (numbers("7", "2"), ParagraphProperties(ListPosition("7", 2), is_list_item=True)),
        (numbers("7", "99"), ParagraphProperties(ListPosition("7", LEVELS - 1), is_list_item=True)),
        ('<w:listPr><wx:t xmlns:wx="x" wx:val="3."/></w:listPr>', ParagraphProperties(NO_LIST, True, label="3.")),
        ('<w:listPr><wx:t xmlns:wx="x" wx:val="·"/></w:listPr>', ParagraphProperties(NO_LIST, True)),
        ("<w:listPr/>", ParagraphProperties(NO_LIST, True)),
        ('<w:framePr w:dropCap="margin"/>', ParagraphProperties(is_joined=True)),
        ('<w:framePr w:dropCap="none"/>', PLAIN),
        ("<w:rPr><w:moveFrom/></w:rPr>", ParagraphProperties(is_joined=True)),
        ("<w:rPr><w:ins/></w:rPr>", PLAIN),
    ],
)
def test_properties_are_those_of_the_paragraph_and_else_of_its_style(
    content: str, expected: ParagraphProperties
) -> None:
    assert properties(content) == expected
