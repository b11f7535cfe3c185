"""How paragraphs, lists, tables and pages look in plain text."""

import pytest

from ingest.steps.parse.formats.layout import TextBuilder, join_cells


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


def test_a_page_starts_at_its_offset() -> None:
    builder = TextBuilder()
    offsets = []
    for text in ("first", "second"):
        offsets.append(builder.start_page())
        builder.add_line(text)

    assert [builder.build()[offset:][:3] for offset in offsets] == ["fir", "sec"]


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["a", "b"], "a | b"),
        (["", "a", "", "", "b", ""], "a |  | b"),
        (["two\nlines", " x "], "two lines | x"),
        (["", " "], ""),
        ([], ""),
    ],
)
def test_empty_cells_are_dropped_at_the_ends_and_merged_between(cells: list[str], line: str) -> None:
    assert join_cells(cells) == line
