"""What the styles of Word documents say about their text."""

import pytest

from ingest.steps.parse.formats.docx.numbering import NO_LIST, ListPosition
from ingest.steps.parse.formats.docx.styles import Style, heading_level, parse_definitions, style_by_name, to_script
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, paragraph, run, styled, styles


@pytest.mark.parametrize(
    ("style", "definition", "level"),
    [
        ("Heading2", None, 2),
        ("berschrift3", ("berschrift3", "heading 3", ""), 3),
        ("Mine", ("Mine", "My heading", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'), 2),
        ("Child", ("Child", "Based on another", '<w:basedOn w:val="Parent"/>'), 4),
        ("Title", ("Title", "Title", ""), 1),
        ("Body", ("Body", "Body", '<w:basedOn w:val="Parent"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr>'), 0),
        ("Round", ("Round", "In a circle", '<w:basedOn w:val="Round"/>'), 0),
    ],
)
def test_headings_are_found_by_style(
    read_docx: Read, style: str, definition: tuple[str, str, str] | None, level: int
) -> None:
    parent = ("Parent", "Parent", '<w:pPr><w:outlineLvl w:val="3"/></w:pPr>')
    parts: dict[str, str | bytes] = {"styles.xml": styles(parent, definition)} if definition else {}

    parsed = read_docx(docx(styled("Scope", style) + paragraph("Text"), parts))

    assert parsed.text == "Scope\n\nText"
    assert [(heading.start, heading.level, heading.title) for heading in parsed.headings] == (
        [(0, level, "Scope")] if level else []
    )


def test_a_character_style_can_raise_text(read_docx: Read) -> None:
    style = styles(("Hoch", "Exponent", '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'))
    content = run("m") + run("2", '<w:rStyle w:val="Hoch"/>')

    assert read_docx(docx(paragraph(content), {"styles.xml": style})).text == "m²"


def test_items_by_style_are_items_whatever_the_language_of_the_program(read_docx: Read) -> None:
    part_xml = styles(
        ("Aufzhlungszeichen", "List Bullet", ""), ("Mine", "My bullets", '<w:basedOn w:val="Aufzhlungszeichen"/>')
    )
    body = styled("one", "Aufzhlungszeichen") + styled("two", "Mine")

    assert read_docx(docx(body, {"styles.xml": part_xml})).text == "- one\n- two"


def test_a_style_inherits_each_property_from_the_nearest_ancestor_that_sets_it() -> None:
    grand = (
        "Grand",
        "Grand",
        '<w:pPr><w:outlineLvl w:val="2"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="4"/></w:numPr></w:pPr>',
    )
    parent = ("Parent", "List Number 2", '<w:basedOn w:val="Grand"/><w:rPr><w:vertAlign w:val="subscript"/></w:rPr>')
    child = ("Child", "Child", '<w:basedOn w:val="Parent"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr>')

    definitions = parse_definitions(b"", styles(grand, parent, child).encode())

    assert definitions.style("Grand") == Style(3, ListPosition("4", 1))
    assert definitions.style("Parent") == Style(3, ListPosition("4", 1), is_list=True, script="subscript")
    assert definitions.style("Child") == Style(1, ListPosition("4", 1), is_list=True, script="subscript")


def test_a_style_without_a_definition_is_known_by_its_name() -> None:
    definitions = parse_definitions(b"", b"<damaged")

    assert definitions.lists == {}
    assert definitions.style("Heading3") == Style(3)
    assert definitions.style("ListBullet2").is_list
    assert definitions.style("Normal") == Style(0, NO_LIST)


@pytest.mark.parametrize(
    ("name", "heading", "is_list"),
    [
        ("heading 1", 1, False),
        ("Heading 9", 9, False),
        ("heading 10", 0, False),
        ("TITLE", 1, False),
        ("Subtitle", 0, False),
        ("List Bullet 3", 0, True),
        ("List Continue", 0, False),
        ("My heading 1", 0, False),
    ],
)
def test_names_of_built_in_styles(name: str, heading: int, is_list: bool) -> None:
    assert style_by_name(name) == Style(heading, is_list=is_list)


@pytest.mark.parametrize(("text", "level"), [("0", 1), ("8", 9), ("9", 0), ("", 0), ("-1", 0), ("x", 0)])
def test_outline_levels_count_from_0_and_9_is_body_text(text: str, level: int) -> None:
    assert heading_level(text) == level


def test_only_raised_and_lowered_text_is_a_script() -> None:
    assert [to_script(text) for text in ("superscript", "subscript", "baseline", "")] == [
        "superscript",
        "subscript",
        "",
        "",
    ]
