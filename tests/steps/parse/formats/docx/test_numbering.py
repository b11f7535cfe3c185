"""Automatic numbers of lists, headings and clauses."""

from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, paragraph, part, styled, styles

Level = tuple[int, str, str, str]
"""(number, format, pattern, further XML)"""


def numbering(*levels: Level, more: str = "", lists: str = "") -> str:
    xml = "".join(
        f'<w:lvl w:ilvl="{number}">{extra}<w:start w:val="1"/><w:numFmt w:val="{name}"/><w:lvlText w:val="{pattern}"/></w:lvl>'
        for number, name, pattern, extra in levels
    )
    abstract = f'<w:abstractNum w:abstractNumId="0">{more}{xml}</w:abstractNum>'
    return part("numbering", abstract + (lists or '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'))


def item(text: str, level: int = 0, number: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def test_a_lower_level_restarts_after_a_higher_one(read_docx: Read) -> None:
    levels = (0, "decimal", "%1.", ""), (1, "lowerLetter", "%1%2)", "")
    body = item("one") + item("a", 1) + item("b", 1) + item("two") + item("a", 1)

    assert read_docx(docx(body, {"numbering.xml": numbering(*levels)})).text == (
        "1. one\n  1a) a\n  1b) b\n2. two\n  2a) a"
    )


def test_a_level_may_count_on_through_the_whole_list(read_docx: Read) -> None:
    levels = (0, "decimal", "§ %1", ""), (1, "decimal", "(%2)", '<w:lvlRestart w:val="0"/>')
    body = item("one") + item("first", 1) + item("two") + item("second", 1)

    assert read_docx(docx(body, {"numbering.xml": numbering(*levels)})).text == (
        "§ 1 one\n  (1) first\n§ 2 two\n  (2) second"
    )


def test_a_legal_level_shows_digits_for_roman_numbers(read_docx: Read) -> None:
    levels = (0, "upperRoman", "%1.", ""), (1, "decimal", "%1.%2", "<w:isLgl/>")
    body = item("one") + item("inner", 1)

    assert read_docx(docx(body, {"numbering.xml": numbering(*levels)})).text == "I. one\n  1.1 inner"


def test_a_list_may_take_its_levels_from_a_list_style(read_docx: Read) -> None:
    more = (
        '<w:abstractNum w:abstractNumId="7"><w:numStyleLink w:val="Mine"/></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
    )
    part_xml = numbering((0, "decimal", "%1.", ""), more='<w:styleLink w:val="Mine"/>', lists=more)

    assert read_docx(docx(item("one") + item("two"), {"numbering.xml": part_xml})).text == "1. one\n2. two"


def test_a_list_of_another_start_restarts_with_it(read_docx: Read) -> None:
    lists = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    part_xml = numbering((0, "decimal", "%1)", ""), lists=lists)

    assert read_docx(docx(item("one") + item("five", 0, 2) + item("six", 0, 2), {"numbering.xml": part_xml})).text == (
        "1) one\n5) five\n6) six"
    )


def test_numbered_headings_show_their_numbers_and_take_their_levels_from_the_list(read_docx: Read) -> None:
    levels = (
        (0, "decimal", "%1", '<w:pStyle w:val="berschrift1"/>'),
        (1, "decimal", "%1.%2", '<w:pStyle w:val="berschrift2"/>'),
    )
    numbers = '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>'
    parts = {
        "numbering.xml": numbering(*levels),
        "styles.xml": styles(("berschrift1", "heading 1", numbers), ("berschrift2", "heading 2", numbers)),
    }
    body = styled("Scope", "berschrift1") + styled("Terms", "berschrift2") + styled("Fees", "berschrift1")

    parsed = read_docx(docx(body, dict(parts)))

    assert parsed.text == "1 Scope\n\n1.1 Terms\n\n2 Fees"
    assert [(heading.level, heading.title) for heading in parsed.headings] == [
        (1, "1 Scope"),
        (2, "1.1 Terms"),
        (1, "2 Fees"),
    ]


def test_a_format_that_only_new_programs_know_is_read(read_docx: Read) -> None:
    level = (
        '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><mc:AlternateContent>'
        '<mc:Choice Requires="w14"><w:numFmt w:val="custom" w:format="001, 002, 003, ..."/></mc:Choice>'
        '<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent><w:lvlText w:val="%1."/></w:lvl>'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    )

    assert read_docx(docx(item("one"), {"numbering.xml": part("numbering", level)})).text == "001. one"


def test_a_list_without_definitions_has_bullets(read_docx: Read) -> None:
    assert read_docx(docx(item("one") + item("two", 1))).text == "- one\n  - two"


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
