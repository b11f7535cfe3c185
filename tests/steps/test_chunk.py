"""Tokens of a text, and chunks of tokens."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.steps.chunk import Span, Tokens, chunk

WORDS = [
    "word ",
    "Wörter",
    "中文字",
    "日本語の",
    "한국어",
    "👩‍👩‍👧‍👦",
    "e\u0301",
    "हिन्दी ",
    "\n\n",
    "   ",
    "\t",
    "\0",
    "...",
    "12345",
    "𝒳",
    "ไทย",
]
texts = st.one_of(st.lists(st.sampled_from(WORDS), max_size=60).map("".join), st.text(max_size=200))


@given(texts, st.integers(1, 7))
def test_consecutive_slices_add_up_to_the_text(text: str, width: int) -> None:
    tokens = Tokens.from_text(text)

    slices = [tokens.text(i, min(i + width, len(tokens))) for i in range(0, len(tokens), width)]

    assert "".join(slices) == text


@given(texts)
def test_an_offset_is_where_the_slice_begins(text: str) -> None:
    tokens = Tokens.from_text(text)

    assert tokens.character_offset(0) == 0
    assert tokens.character_offset(len(tokens)) == len(text)
    assert all(tokens.character_offset(i) == len(tokens.text(0, i)) for i in range(len(tokens)))


@given(st.integers(0, 3_000), st.integers(1, 900), st.integers(0, 800))
@settings(max_examples=60)
def test_chunks_cover_the_text_and_none_is_contained_in_the_previous_one(
    total: int, max_tokens: int, overlap: int
) -> None:
    overlap = min(overlap, max_tokens - 1)
    tokens = Tokens.from_text(" a" * total)

    spans = chunk(tokens, max_tokens, overlap)

    assert [span.start for span in spans] == [i * (max_tokens - overlap) for i in range(len(spans))]
    assert all(span.end - span.start == max_tokens for span in spans[:-1])
    assert all(earlier.end < later.end for earlier, later in itertools.pairwise(spans))
    assert (spans[-1].end if spans else 0) == len(tokens) == total


def test_a_text_of_exactly_one_window_is_one_chunk() -> None:
    assert chunk(Tokens.from_text(" a" * 800), 800, 400) == [Span(0, 800)]


def test_one_more_token_than_a_window_makes_a_second_chunk() -> None:
    assert chunk(Tokens.from_text(" a" * 801), 800, 400) == [Span(0, 800), Span(400, 801)]


@pytest.mark.parametrize("text", ["", " \n\t\n  ", "\u3000" * 5_000])
def test_whitespace_makes_no_chunk(text: str) -> None:
    assert chunk(Tokens.from_text(text), 100, 0) == []


def test_a_blank_window_between_words_is_left_out() -> None:
    tokens = Tokens.from_text("start" + " \n\t" * 5_000 + "end")

    spans = chunk(tokens, 100, 0)

    assert [tokens.text(span.start, span.end).strip() for span in spans] == ["start", "end"]


def test_an_overlap_as_long_as_the_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        chunk(Tokens.from_text("word"), 100, 100)


def test_slicing_a_long_text_changes_no_token() -> None:
    sentence = 'It\'s a sentence, with "quotes", 12345 numbers and naïve 中文。\n\n  Indented\tlines!\r\n'
    text = sentence * 8_000

    repeated = len(Tokens.from_text(sentence * 2_001)) - len(Tokens.from_text(sentence * 2_000))

    assert len(Tokens.from_text(text)) == len(Tokens.from_text(sentence * 2_000)) + 6_000 * repeated


@pytest.mark.parametrize("unit", [" ", "a", "\n", "\0", "中", "!", "\t\r\n", "e\u0301", "1", " " * 262_143 + "x"])
def test_a_megabyte_of_repeated_text_neither_panics_nor_loses_text(unit: str) -> None:
    text = unit * (1_100_000 // len(unit))

    tokens = Tokens.from_text(text)

    assert tokens.text(0, len(tokens)) == text


def test_special_tokens_in_a_text_are_ordinary_text() -> None:
    text = "say <|endoftext|> or <|fim_prefix|>"
    tokens = Tokens.from_text(text)

    assert len(tokens) > 8
    assert tokens.text(0, len(tokens)) == text


def test_lone_surrogates_become_question_marks() -> None:
    tokens = Tokens.from_text("a\ud800b c")

    assert tokens.text(0, len(tokens)) == "a?b c"
    assert [tokens.text(i, i + 1) for i in range(len(tokens))] == ["a", "?", "b", " c"]


def test_a_chunk_of_prose_tokenised_again_is_not_longer() -> None:
    text = "The committee shall, without delay, notify every member (see §4.2) of the 1,024 changes; don't wait. " * 300
    tokens = Tokens.from_text(text)

    longest = max(len(Tokens.from_text(tokens.text(span.start, span.end))) for span in chunk(tokens, 100, 50))

    assert longest <= 100
