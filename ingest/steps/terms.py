"""BM25 as sparse vectors: the words of a text, and what each weighs in a document or a query.

The inverse document frequency is not in here: Qdrant multiplies it in (`modifier: idf`).
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from py_rust_stemmers import SnowballStemmer

Integers = npt.NDArray[np.int64]

K1 = 1.2
B = 0.75

_STOP_WORDS = Path(__file__).parents[1] / "data" / "stop_words_english.txt"
_LONGEST_WORD = 64  # longer ones are data, not words: hashed as they are, not stemmed, not remembered
_REMEMBERED_WORDS = 200_000  # about 30 MB, and more than the vocabulary of most collections

# Scripts written without spaces, or (Korean) with particles joined to the words: every character and every pair of
# neighbours is a term, as no dictionary is at hand to find the words.
_UNSPACED = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3"  # kana, hangul
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # han
)
# Vowel signs and points are no letters to `\w`, but they do not end a word: accents, Hebrew, Arabic, Indic.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_SIGNS}])+")
_UNSPACED_RUN = re.compile(rf"[{_UNSPACED}]")


@dataclass(frozen=True, eq=False)
class TermCounts:
    """The terms of one text: hashed ids (32 bits, rising), how often each occurs, and the text's length in terms.

    Stop words are counted among the terms, so that a query of nothing else finds something, but not in the length.
    """

    ids: Integers
    counts: Integers
    length: int


def count(text: str) -> TermCounts:
    """The terms of a document's text."""
    counts: dict[int, int] = {}
    length = 0
    for term_ids, is_stop_word, times in _words(text):
        if not is_stop_word:
            length += times
        for term in term_ids:
            counts[term] = counts.get(term, 0) + times
    ids = sorted(counts)
    return TermCounts(np.array(ids, np.int64), np.array([counts[term] for term in ids], np.int64), length)


def count_parts(text: str, parts: Sequence[tuple[int, int]]) -> list[TermCounts]:
    """The terms of parts [start, end) of a text, in characters; what several parts share is looked at once.

    In ASCII a word is counted where it begins, whole; elsewhere what a part has of it.
    """
    if not text.isascii():
        return [count(text[start:end]) for start, end in parts]
    words = _AsciiWords(text.lower())
    return [words.count(start, end) for start, end in parts]


def document_weights(counts: TermCounts, mean_length: float) -> tuple[Integers, npt.NDArray[np.float64]]:
    """The sparse vector of a document: ids and BM25 weights without IDF.

    `mean_length` is the mean of `TermCounts.length` over all the texts of its store; 0 is taken as this text's own.
    """
    relative = counts.length / mean_length if mean_length > 0 else 1.0
    penalty = K1 * (1 - B + B * relative)
    return counts.ids, counts.counts * (K1 + 1) / (counts.counts + penalty)


def query_weights(text: str) -> tuple[list[int], list[float]]:
    """The sparse vector of a query: each term weighs as often as it occurs; empty if the text has no words.

    Stop words are left out, unless there is nothing else ("to be or not to be").
    """
    words = list(_words(text, whole_runs=True))
    if any(not is_stop_word for _, is_stop_word, _ in words):
        words = [word for word in words if not word[1]]
    weights: dict[int, float] = {}
    for term_ids, _, times in words:
        for term in term_ids:
            weights[term] = weights.get(term, 0.0) + times
    ids = sorted(weights)
    return ids, [weights[term] for term in ids]


class _AsciiWords:
    """The words of an ASCII text in lower case, by where they begin, as numbers: counting a part is adding up."""

    def __init__(self, lowered: str) -> None:
        letters = np.frombuffer(lowered.encode(), np.uint8)
        inside = np.concatenate(([False], _IN_WORDS[letters]))
        self._begins = np.flatnonzero(inside[1:] & ~inside[:-1])
        numbers: dict[str, int] = {}
        found = _ASCII_WORD.findall(lowered)
        self._words = np.array([numbers.setdefault(word, len(numbers)) for word in found], np.int64)
        known = [_remember(word) for word in numbers]
        self._weighs = np.array([not is_stop_word for _, is_stop_word in known], bool)
        # Most words have one term; pairs of a word and a term of it.
        self._pair_words = np.repeat(np.arange(len(known)), [len(terms) for terms, _ in known])
        pair_terms = np.array([term for terms, _ in known for term in terms], np.int64)
        self._terms, self._pair_terms = np.unique(pair_terms, return_inverse=True)

    def count(self, start: int, end: int) -> TermCounts:
        first, last = np.searchsorted(self._begins, (start, end))
        times = np.bincount(self._words[first:last], minlength=len(self._weighs))
        counts = np.bincount(self._pair_terms, times[self._pair_words], len(self._terms)).astype(np.int64)
        there = np.flatnonzero(counts)
        return TermCounts(self._terms[there], counts[there], int(times[self._weighs].sum()))


_IN_WORDS = np.array([_ASCII_WORD.fullmatch(chr(code)) is not None for code in range(256)])

_Word = tuple[tuple[int, ...], bool]  # its terms, and whether it is a stop word
_remembered: dict[str, _Word] = {}


def _words(text: str, *, whole_runs: bool = False) -> Iterable[tuple[tuple[int, ...], bool, int]]:
    """Each distinct word's terms, whether it is a stop word, and how often it occurs.

    `whole_runs`: of a run in an unspaced script give the pairs only, which say more than the single characters.
    """
    if text.isascii():
        words = Counter(_ASCII_WORD.findall(text.lower()))
    else:
        words = Counter(_RUN.findall(unicodedata.normalize("NFKC", text).casefold()))
        for run in [word for word in words if _UNSPACED_RUN.match(word)]:
            times = words.pop(run)
            for gram in _grams(run, pairs_only=whole_runs and len(run) > 1):
                yield (_hash(gram),), False, times
    for word, times in words.items():
        yield *_remember(word), times


def _remember(word: str) -> _Word:
    known = _remembered.get(word)
    return _word(word) if known is None else known


def _word(word: str) -> _Word:
    """The terms of one word: its stem, and the stems of its parts if underscores join several."""
    parts = [part for part in word.split("_") if part]
    if len(word) > _LONGEST_WORD:
        return (_hash(word),), False
    found: _Word
    if parts == [word]:
        found = ((_hash(_stem(word)),), word in _stop_words())
    else:
        whole = ["_".join(parts)] if len(parts) > 1 else []
        found = (tuple(_hash(_stem(term)) for term in whole + parts), all(part in _stop_words() for part in parts))
    if len(_remembered) >= _REMEMBERED_WORDS:
        _remembered.clear()
    _remembered[word] = found
    return found


def _grams(run: str, *, pairs_only: bool) -> Iterable[str]:
    if not pairs_only:
        yield from run
    for i in range(len(run) - 1):
        yield run[i : i + 2]


def _hash(term: str) -> int:
    return zlib.crc32(term.encode("utf-8", "replace"))


def _stem(word: str) -> str:
    stem: str = _stemmer().stem_word(word)
    return stem


@cache
def _stemmer() -> SnowballStemmer:
    return SnowballStemmer("english")


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(_STOP_WORDS.read_text("ascii").split())
