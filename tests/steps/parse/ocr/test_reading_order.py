"""Lines of a page in reading order: columns, tables, paragraphs."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.parse.ocr.engine import RecognizedLine
from ingest.steps.parse.ocr.reading_order import paragraphs


def line(text: str, left: float, top: float, width: float | None = None) -> RecognizedLine:
    """A line of 20 pixels height; a character is 10 pixels wide."""
    return RecognizedLine(text, left, top, left + (width or 10 * len(text)), top + 20, 0.99)


def column(words: str, left: float, top: float, step: float = 30) -> list[RecognizedLine]:
    return [line(text, left, top + step * number, 300) for number, text in enumerate(words.split())]


def test_a_gap_between_lines_begins_a_paragraph() -> None:
    lines = [*column("one two", 0, 0), *column("three four five", 0, 90)]

    assert paragraphs(lines) == "one\ntwo\n\nthree\nfour\nfive"


def test_columns_of_text_are_read_one_after_the_other() -> None:
    lines = [*column("a b c d", 0, 0), *column("e f g h", 350, 5)]
    random.Random(1).shuffle(lines)

    assert paragraphs(lines) == "a\nb\nc\nd\n\ne\nf\ng\nh"


def test_a_title_above_and_a_line_below_columns_stay_there() -> None:
    title, foot = line("title", 100, 0, 450), line("foot", 0, 240, 650)
    lines = [title, *column("a b c d", 0, 60), *column("e f g h", 350, 60), foot]

    assert paragraphs(lines) == "title\n\na\nb\nc\nd\n\ne\nf\ng\nh\n\nfoot"


def test_a_column_that_ends_early_does_not_move_the_other() -> None:
    lines = [*column("a b c d e f", 0, 0), *column("g h i", 350, 0)]

    assert paragraphs(lines) == "a\nb\nc\nd\ne\nf\n\ng\nh\ni"


def test_the_cells_of_a_table_are_read_row_by_row() -> None:
    lines = [
        line(text, 200.0 * column, 30.0 * row)
        for row, cells in enumerate(["Q1 Q2", "10 20", "30 40"])
        for column, text in enumerate(cells.split())
    ]

    assert paragraphs(lines) == "Q1 | Q2\n10 | 20\n30 | 40"


def test_parts_of_one_line_are_joined_by_a_space() -> None:
    assert paragraphs([line("world", 70, 2), line("hello", 0, 0)]) == "hello world"


def test_nothing_gives_nothing() -> None:
    assert paragraphs([]) == ""


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 2000), st.floats(0, 500), st.floats(0, 200)), max_size=60))
def test_every_line_is_kept_wherever_it_is(boxes: list[tuple[float, float, float, float]]) -> None:
    lines = [
        RecognizedLine(f"w{number}.", left, top, left + width, top + height, 0.9)
        for number, (left, top, width, height) in enumerate(boxes)
    ]

    words = [word for word in paragraphs(lines).split() if word != "|"]

    assert sorted(words) == sorted(line.text for line in lines)


@pytest.mark.parametrize("overlap", [0, 19])
def test_a_thousand_lines_are_ordered_in_a_moment(overlap: int) -> None:
    lines = [line(f"w{n}", (n % 10) * 210.0, n // 10 * (20.0 - overlap), 200) for n in range(1000)]
    started_at = time.monotonic()

    paragraphs(lines)

    assert time.monotonic() - started_at < 2
