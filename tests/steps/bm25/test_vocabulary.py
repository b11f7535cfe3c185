"""The table of words."""

import numpy as np
import pytest

from ingest.steps.bm25 import vocabulary
from ingest.steps.bm25.hashing import term_id
from ingest.steps.bm25.vocabulary import Vocabulary, ids_of_pairs
from ingest.steps.bm25.words import split


def test_words_are_looked_up_in_order() -> None:
    repeats, terms, content = Vocabulary("en").look_up(["the", "running", "1.2", "running"])

    assert repeats.tolist() == [1, 2, 1, 2]
    assert terms.tolist() == [term_id(term) for term in ("the", "run", "running", "1_2", "run", "running")]
    assert content.tolist() == [0, 1, 0, 1]


def test_no_words_have_no_terms() -> None:
    assert [array.tolist() for array in Vocabulary("en").look_up([])] == [[], [], []]


def test_a_full_table_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "MAX_WORDS", 2)
    words = Vocabulary("en")
    whole = words.look_up(["one", "two", "three"])
    words.look_up(["four"])

    assert len(words) == 1
    assert [array.tolist() for array in words.look_up(["one", "two", "three"])] == [array.tolist() for array in whole]


def test_a_long_word_is_not_kept_but_counts_for_the_size_of_the_table() -> None:
    words = Vocabulary("en")
    words.look_up(["x" * 100, "x" * 100])

    assert len(words) == 2


def test_pairs_have_the_ids_of_their_characters() -> None:
    _, keys = split("\u6771\u4eac").pair_keys()

    assert sorted(ids_of_pairs(keys)) == sorted(map(term_id, ["\u6771", "\u4eac", "\u6771\u4eac"]))
    assert ids_of_pairs(np.zeros(0, np.int64)).tolist() == []
