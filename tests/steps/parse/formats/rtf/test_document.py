"""The parts of an RTF document in their order."""

import pytest

from ingest.steps.parse.formats.rtf.document import Document
from tests.steps.parse.formats.rtf.conftest import ReadRtf


def test_bytes_without_a_character_are_counted(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(rb"\ansi a\'81b")

    assert parsed.report.replaced_characters == parsed.text.count("\ufffd") == 1
    assert [warning.code for warning in parsed.report.warnings] == ["characters_replaced"]


def test_headings_come_from_outline_levels_and_from_styles(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"\ansi{\stylesheet{Normal;}{\s1\outlinelevel0 Chapter;}{\s2 heading 2;}{\s3 Title;}{\s4\outlinelevel9 Body;}}"
        rb"\pard\s3 Book\par\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel2 Three\par\pard\s4 text\par\pard\s0 end\par"
    )

    assert [(heading.level, heading.title) for heading in parsed.headings] == [
        (1, "Book"),
        (1, "One"),
        (2, "Two"),
        (3, "Three"),
    ]
    assert all(parsed.text[heading.start :].startswith(heading.title) for heading in parsed.headings)


def test_headers_notes_comments_and_footers_have_their_places(read_rtf: ReadRtf) -> None:
    parsed = read_rtf(
        rb"\ansi{\header\pard Header of the page\par}{\headerf Header of the page}{\footer Foot \chpgn\par}"
        rb"\pard Body{\super\chftn}{\footnote\pard{\super\chftn} A note\par}"
        rb"{\*\atnid AB}{\*\atnauthor Ann}{\*\annotation{\*\atndate 1}Remark\par} text\par"
    )

    assert parsed.text == "Header of the page\n\nBody text\n\nA note\n\nComment (Ann): Remark\n\nFoot"
    assert parsed.report.parts == {"comment": {"read": 1}}


@pytest.mark.parametrize(
    ("name", "outline_level", "headings"),
    [
        ("heading 2", None, {5: 2}),
        (" Überschrift 3;", None, {5: 3}),
        ("Заголовок 1", None, {5: 1}),
        ("heading 2", 0, {5: 1}),
        ("Title", None, {5: 1}),
        ("Chapter", 8, {5: 9}),
        ("Chapter", 9, {}),
        ("heading 0", None, {}),
        ("Normal", None, {}),
    ],
)
def test_the_name_or_the_outline_level_of_a_style_makes_it_a_heading(
    name: str, outline_level: int | None, headings: dict[int, int]
) -> None:
    document = Document()

    document.define_style(5, name, outline_level)

    assert document.headings == headings
