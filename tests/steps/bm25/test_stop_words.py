"""The lists of stop words."""

import unicodedata

import pytest

from ingest.steps.bm25 import stop_words
from ingest.steps.bm25.folding import lower


@pytest.mark.parametrize(
    ("language", "word"), [("de", "und"), ("ru", "что"), ("fa", "این"), ("en", "the"), ("", "the")]
)
def test_small_words_are_stop_words_of_their_language(language: str, word: str) -> None:
    assert word in stop_words.of(language)


def test_a_language_without_a_list_has_no_stop_words() -> None:
    assert stop_words.of("th") == frozenset()


@pytest.mark.parametrize("language", stop_words.languages())
def test_stop_words_are_written_as_words_of_a_text_are(language: str) -> None:
    words = stop_words.of(language)

    assert len(words) >= 12
    assert {lower(unicodedata.normalize("NFKC", word), language) for word in words} <= words
