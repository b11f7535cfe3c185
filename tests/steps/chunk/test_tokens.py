"""The tokens of a text and their offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.chunk import Tokens

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


@given(texts)
def test_the_token_at_an_offset_is_the_first_that_starts_there(text: str) -> None:
    tokens = Tokens.from_text(text)

    for index in range(len(tokens)):
        found = tokens.index_at(tokens.character_offset(index))
        assert found <= index
        assert tokens.character_offset(found) == tokens.character_offset(index)
