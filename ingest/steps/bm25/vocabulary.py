"""The words seen so far, numbered, and the ids of their terms.

A text is turned into terms by one look-up for each word and by numpy for the rest.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np
import numpy.typing as npt

from ingest.steps.bm25 import identifiers
from ingest.steps.bm25.forms import MAX_WORD_CHARACTERS, terms_of
from ingest.steps.bm25.hashing import term_id
from ingest.steps.bm25.words import Integers, text_of_key

MAX_WORDS = 100_000
"""Words that one table keeps: about 20 MB, and more than the vocabulary of most collections."""

_MAX_LANGUAGES = 4
_MAX_PAIRS = 400_000


class Vocabulary:
    """Maps words, and words that signs join, to the ids of their terms. Threads may share it."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._table = _Table(language)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._table.content)

    def look_up(self, words: Sequence[str]) -> tuple[Integers, Integers, npt.NDArray[np.int8]]:
        """Return the number of terms of each word, the term ids of all words in order, and 1 for each word that counts."""
        with self._lock:
            if len(self) > MAX_WORDS:
                self._table = _Table(self._language)
            numbers = np.fromiter(map(self._table.__getitem__, words), np.int64, len(words))
            return self._table.gather(numbers)


class _Table(dict[str, int]):
    """Numbers each word when it is first asked for. The terms of word i are `terms[bounds[i]:bounds[i + 1]]`."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language
        self.terms = array("q", [0])  # never empty: numpy cannot read an empty array
        self.bounds = array("q", [1])
        self.content = array("b")  # 1 for each word that counts for the length of its text

    def __missing__(self, word: str) -> int:
        terms, counts = self._terms_of(word)
        number = len(self.content)
        self.terms.extend(map(term_id, terms))
        self.bounds.append(len(self.terms))
        self.content.append(counts)
        if len(word) <= MAX_WORD_CHARACTERS:
            self[word] = number
        return number

    def _terms_of(self, word: str) -> tuple[Sequence[str], bool]:
        """Return the terms of a word, and whether it counts for the length of its text."""
        if identifiers.are_joined(word):
            return identifiers.terms_of_joined(word), False
        forms = terms_of(word, self._language)
        return forms.all, not forms.is_stop_word

    def gather(self, numbers: Integers) -> tuple[Integers, Integers, npt.NDArray[np.int8]]:
        bounds = np.frombuffer(self.bounds, np.int64)
        firsts = bounds[numbers]
        repeats = bounds[numbers + 1] - firsts
        ends = np.cumsum(repeats)
        positions = (firsts - ends + repeats).repeat(repeats)
        positions += np.arange(len(positions))
        content = np.frombuffer(self.content, np.int8)[numbers] if len(self.content) else np.zeros(0, np.int8)
        return repeats, np.frombuffer(self.terms, np.int64)[positions], content


@lru_cache(maxsize=_MAX_LANGUAGES)
def vocabulary_of(language: str) -> Vocabulary:
    """Return the vocabulary of a language. Those of the languages used last are kept."""
    return Vocabulary(language)


def ids_of_pairs(keys: Integers) -> Integers:
    """Return the term id of each key from `Words.pair_keys`."""
    unique, positions = np.unique(keys, return_inverse=True)
    if len(_ids_of_pairs) > _MAX_PAIRS:
        _ids_of_pairs.clear()
    ids = np.fromiter(map(_ids_of_pairs.__getitem__, unique.tolist()), np.int64, len(unique))
    return ids[positions]


class _PairIds(dict[int, int]):
    def __missing__(self, key: int) -> int:
        self[key] = term_id(text_of_key(key))
        return self[key]


_ids_of_pairs = _PairIds()
