"""Stories of Word and RTF files."""

import pytest

from ingest.steps.parse.formats.story import Capture, Paragraph, Sink, Story
from ingest.steps.parse.parsed import ParsedText


def _parsed(story: Story) -> ParsedText:
    story.end(Paragraph())
    return story.builder.parsed("rtf")


def _write(story: Story, text: str, paragraph: Paragraph, marker: str = "") -> None:
    story.write(text)
    story.set_marker(marker)
    story.end_paragraph(paragraph)


def _write_row(story: Story, *cells: str, depth: int = 1, edges: tuple[int, ...] = ()) -> None:
    for cell in cells:
        story.write(cell)
        story.end_cell(Paragraph(), depth)
    story.end_row(depth, edges)


def test_paragraphs_headings_and_list_items_have_their_markers() -> None:
    story = Story()
    _write(story, "Scope", Paragraph(heading=2), "1.1")
    _write(story, "Prose.", Paragraph())
    _write(story, "first", Paragraph(), "a)")
    _write(story, "under it", Paragraph(list_level=1), "\u2022")
    story.write("open")

    parsed = _parsed(story)

    assert parsed.text == "1.1 Scope\n\nProse.\n\na) first\n  - under it\n\nopen"
    assert [(heading.level, heading.title) for heading in parsed.headings] == [(2, "Scope")]


def test_raised_and_lowered_text_becomes_script_characters() -> None:
    story = Story()
    for text, script in (("10", ""), ("1", "super"), ("5", "super"), (" H", ""), ("2", "sub"), ("O so\u00adft", "")):
        story.write(text, script)

    assert _parsed(story).text == "10¹⁵ H₂O soft"


def test_rows_end_a_table_before_the_next_paragraph() -> None:
    story = Story()
    _write_row(story, "Region", "Q1")
    _write_row(story, "North", "")
    _write(story, "after", Paragraph())
    _write_row(story, "other", "table")

    parsed = _parsed(story)

    assert parsed.text == "Region | Q1\nNorth\n\nafter\n\nother | table"
    assert [parsed.text[table.start : table.end] for table in parsed.tables] == ["Region | Q1\nNorth", "other | table"]


def test_the_edges_of_cells_tell_the_columns_that_a_merged_cell_spans() -> None:
    story = Story()
    _write_row(story, "a", "b", "c", edges=(0, 1000, 2000, 3000))
    _write_row(story, "wide", "d", edges=(0, 2000, 3000))

    assert _parsed(story).text == "a | b | c\nwide |  | d"


def test_the_rows_of_a_table_in_a_cell_are_one_line_of_the_cell() -> None:
    story = Story()
    story.write("before")
    story.end_paragraph(Paragraph(table_depth=1))
    _write_row(story, "in1", "in2", depth=2)
    _write_row(story, "in3", "in4", depth=2)
    story.end_cell(Paragraph(), 1)
    _write_row(story, "next")

    assert _parsed(story).text == "before in1 | in2; in3 | in4 | next"


def test_a_box_follows_its_paragraph_and_stays_in_its_cell() -> None:
    def box(text: str) -> Story:
        inner = Story()
        _write(inner, text, Paragraph())
        return inner

    story = Story()
    story.add_box(box("in a box"))
    _write(story, "anchor", Paragraph())
    story.add_box(box("in a cell"))
    _write_row(story, "cell", "other")

    assert _parsed(story).text == "anchor\n\nin a box\n\ncell in a cell | other"


@pytest.mark.parametrize("depth", [-7, 0, 1, 2, 10_000])
def test_a_table_at_any_depth_keeps_its_text(depth: int) -> None:
    story = Story()
    _write_row(story, "deep", "er", depth=depth)

    assert _parsed(story).text == "deep | er"


def test_other_sinks_keep_the_bare_text_or_nothing() -> None:
    capture = Capture()
    for sink in (Sink(), capture):
        sink.write(" Ann ", "super")
        sink.end_paragraph(Paragraph())
        sink.write("Lee ")
        assert not sink.is_text

    assert capture.text == "Ann Lee"
