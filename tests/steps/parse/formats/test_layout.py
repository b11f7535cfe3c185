"""How paragraphs, lists, tables and pages look in plain text."""

import pytest

from ingest.steps.parse.formats.layout import TextBuilder, join_cells
from ingest.steps.parse.parsed import Heading, Section, Table
from ingest.steps.parse.report import ReportWarning


def test_blocks_are_separated_by_an_empty_line_and_lines_are_not() -> None:
    builder = TextBuilder()
    builder.add_block("Title")
    builder.add_line("- one")
    builder.add_line("- two")
    builder.add_row(["a", "b"])
    builder.end_list()
    builder.add_line("- other list")
    builder.add_block(" \n")
    builder.add_block("End")

    assert builder.build() == "Title\n\n- one\n- two\na | b\n\n- other list\n\nEnd"
    assert len(builder) == len(builder.build())


def test_sections_are_numbered_by_kind_and_contain_their_text() -> None:
    builder = TextBuilder()
    for text in ("first", "", "third"):
        with builder.section("page"):
            builder.add_line(text)
    with builder.section("attachment", "a.pdf"), builder.section("page"):
        builder.add_line("inner")

    parsed = builder.parsed("pdf")

    assert parsed.text == "first\n\nthird\n\ninner"
    assert [(s.kind, s.number, s.name, parsed.text[s.start : s.end]) for s in parsed.sections] == [
        ("page", 1, "", "first"),
        ("page", 2, "", ""),
        ("page", 3, "", "third"),
        ("attachment", 1, "a.pdf", "inner"),
        ("page", 1, "", "inner"),
    ]


def test_a_table_knows_its_header_and_the_numbers_of_its_rows() -> None:
    builder = TextBuilder()
    builder.add_block("Staff")
    for number, cells in [(2, ["Name", "Age"]), (3, ["Ann", "41"]), (7, ["Ben", "38"])]:
        builder.add_row(cells, number)
    builder.add_block("End")
    builder.add_row(["without", "numbers"])

    parsed = builder.parsed("xlsx")

    first, second = parsed.tables
    assert parsed.text[first.start : first.end] == "Name | Age\nAnn | 41\nBen | 38"
    assert parsed.text[first.start : first.header_end] == "Name | Age"
    assert [(parsed.text[offset:][:3], number) for offset, number in first.row_numbers] == [("Nam", 2), ("Ben", 7)]
    assert (parsed.text[second.start : second.end], second.row_numbers) == ("without | numbers", ())


def test_a_heading_keeps_its_level_and_a_title_in_one_line() -> None:
    builder = TextBuilder()
    builder.add_heading("1\tScope\nand limits", 2)
    builder.add_heading(" ", 1)

    assert builder.parsed("docx").headings == (Heading(0, 2, "1 Scope and limits"),)


def test_a_file_inside_brings_its_structure_and_its_report() -> None:
    inner = TextBuilder()
    with inner.section("page"):
        inner.add_heading("Title", 1)
        inner.add_row(["a", "b"], 4)
    inner.report.count("page", "read")
    inner.report.warn("page_failed", "The page is damaged.", "page 2")
    outer = TextBuilder()
    outer.add_block("Mail")
    outer.add_parsed(inner.parsed("pdf"), "attachment a.pdf")

    parsed = outer.parsed("eml")

    assert parsed.sections == (Section("page", 1, "", 6, 18),)
    assert parsed.headings == (Heading(6, 1, "Title"),)
    assert parsed.tables == (Table(13, 18, 18, ((13, 4),)),)
    assert parsed.report.parts == {"page": {"read": 1}}
    assert parsed.report.warnings == (ReportWarning("page_failed", "The page is damaged.", "attachment a.pdf, page 2"),)


def test_text_is_normalised_before_its_length_counts() -> None:
    builder = TextBuilder()
    builder.add_block("a\r\nb\0")
    with builder.section("page"):
        builder.add_block("c")

    parsed = builder.parsed("pdf")

    assert parsed.normalized() is parsed
    assert (parsed.text, parsed.pages) == ("a\nb\n\nc", (5,))


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["a", "b"], "a | b"),
        (["", "a", "", "", "b", ""], " | a |  |  | b"),
        ([*[""] * 16_000, "a"], " | " * 50 + "a"),
        (["two\nlines", " x "], "two lines | x"),
        (["", " "], ""),
        ([], ""),
    ],
)
def test_empty_cells_keep_their_place_and_those_at_the_end_are_dropped(cells: list[str], line: str) -> None:
    assert join_cells(cells) == line
