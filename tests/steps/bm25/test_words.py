"""Words and their offsets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.steps.bm25.words import split, text_of_key


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dogs, cats.", ["Dogs", "cats"]),
        ("max_tokens=1", ["max_tokens", "1"]),
        ("na\u00efve \u2014 \u00e9l\u00e8ve", ["na\u00efve", "\u00e9l\u00e8ve"]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u0939\u0948", ["\u0939\u093f\u0928\u094d\u0926\u0940", "\u0939\u0948"]),
        ("a\u6771b", ["a", "b"]),
        ("", []),
    ],
)
def test_words_stand_between_spaces_and_signs(text: str, words: list[str]) -> None:
    found = split(text)

    assert found.texts == words
    assert [text[start:end] for start, end in zip(found.starts, found.ends, strict=True)] == words


def test_a_run_of_han_is_its_characters_and_pairs() -> None:
    words = split("a \u6771\u4eac\u90fd!")

    assert list(words.pairs()) == [
        (2, "\u6771"),
        (2, "\u6771\u4eac"),
        (3, "\u4eac"),
        (3, "\u4eac\u90fd"),
        (4, "\u90fd"),
    ]


@given(st.text(alphabet="ab \u6771\u4eac\u90fd\U00020000\uac00", max_size=30))
def test_keys_stand_for_the_characters_and_pairs(text: str) -> None:
    words = split(text)
    starts, keys = words.pair_keys()

    found = sorted(zip(starts.tolist(), map(text_of_key, keys.tolist()), strict=True))
    assert found == sorted(words.pairs())


def test_thai_words_are_segments() -> None:
    text = "abc \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"

    segments = list(split(text).segments())

    assert segments[0][0] == 4
    assert all(text.startswith(word, start) for start, word in segments)


@given(st.text(max_size=50))
def test_ascii_and_other_texts_are_split_alike(text: str) -> None:
    ascii_text = text.encode("ascii", "replace").decode()

    assert split(ascii_text).texts == split(ascii_text + " \u00e9").texts[:-1]
