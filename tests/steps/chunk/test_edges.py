"""Good places to cut a text."""

import pytest

from ingest.steps.chunk import Tokens
from ingest.steps.chunk.edges import Edges


def cut_last(text: str) -> tuple[str, str]:
    """Cut a text at the last good place before its last token."""
    tokens = Tokens.from_text(text)
    index = Edges(tokens).last(1, len(tokens) - 1)
    return tokens.text(0, index), tokens.text(index, len(tokens))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It rains.", " The sun is gone"),
        ('He said "no."', " Then nothing more"),
        ("first line\n", "second line of it"),
        ("A paragraph\n\n", "another one here"),
        ("雨が降る。", "太陽はない"),
        ("Regnet es?", " Ja und nein"),
        ("क्या बारिश है।", " हाँ और नहीं"),
    ],
)
def test_a_sentence_or_line_end_is_preferred(before: str, after: str) -> None:
    assert cut_last(before + after) == (before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [("several words without", " end"), ("don't cut inside don't", " inside"), ("a comma,", " word")],
)
def test_else_a_cut_is_between_words(before: str, after: str) -> None:
    assert cut_last(before + after) == (before, after)


def test_a_number_and_a_word_with_an_apostrophe_stay_whole() -> None:
    for text in ("costs 12.345,67", "the teacher's"):
        assert cut_last(text)[1].strip() in ("12.345,67", "teacher's")


def test_characters_of_scripts_without_spaces_are_cut_anywhere() -> None:
    tokens = Tokens.from_text("这是一个没有标点的句子" * 5)
    edges = Edges(tokens)

    assert edges.last(5, 20) == 20


def test_a_text_without_any_good_place_is_cut_at_the_limit() -> None:
    tokens = Tokens.from_text("x" * 400)
    edges = Edges(tokens)

    assert edges.last(10, 20) == 20
    assert edges.nearest(15, 10, 20) == 15


def test_the_nearest_sentence_end_counts_on_both_sides() -> None:
    text = "One two three. Four five six seven eight. Nine ten eleven twelve"
    tokens = Tokens.from_text(text)
    edges = Edges(tokens)
    first, second = tokens.index_at(text.index(" Four")), tokens.index_at(text.index(" Nine"))

    assert edges.nearest(first + 1, 1, len(tokens) - 1) == first
    assert edges.nearest(second - 1, 1, len(tokens) - 1) == second
