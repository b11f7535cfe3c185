"""BM25 as sparse vectors: the words of a text, and what each weighs in a document or a query.

The inverse document frequency is not in here: Qdrant multiplies it in (`modifier: idf`).
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from py_rust_stemmers import SnowballStemmer

Integers = npt.NDArray[np.int64]

K1 = 1.2
B = 0.75

_STOP_WORDS = Path(__file__).parents[1] / "data" / "stop_words_english.txt"
_LONGEST_WORD = 64  # longer ones are data, not words: hashed as they are, not stemmed, not remembered
_REMEMBERED_WORDS = 200_000  # about 25 MB, and more than the vocabulary of most collections

# Scripts written without spaces, or (Korean) with particles joined to the words: every character and every pair of
# neighbours is a term, as no dictionary is at hand to find the words.
_UNSPACED = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3"  # kana, hangul
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # han
)
# Vowel signs and points are no letters to `\w`, but they do not end a word: accents, Hebrew, Arabic, Indic.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_SIGNS}])+")
_SPACED_RUN = re.compile(rf"[\w{_SIGNS}]+")
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
# An ASCII text's letters in lower case, and a space for all that is in no word.
_ASCII_WORDS = "".join(chr(code).lower() if re.match(r"\w", chr(code)) else " " for code in range(128))
_GROUP_CHARACTERS = 64 * 1024  # looked at together: bounds memory, and what a part has to do with the words of others
_REACH = 1_000  # characters in which a word that begins in a part must end, or the rest of it is left out


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
    text = unicodedata.normalize("NFKC", text)
    return _Words(text).count(0, len(text))


def count_parts(text: str, parts: Sequence[tuple[int, int]]) -> list[TermCounts]:
    """The terms of parts [start, end) of a text, in characters and rising; what several share is looked at once.

    A word is counted where it begins, whole. Near characters that NFKC makes several of, or one of several, what a
    part has of it.
    """
    counted: list[TermCounts] = []
    for group in _groups(parts):
        start = max(0, group[0][0] - 1)  # with the character before, so that a word's rest is not taken for a word
        stable = _in_place(text[start : group[-1][1] + _REACH])
        if stable is None:
            counted += [count(text[first:last]) for first, last in group]
        else:
            words = _Words(stable)
            counted += [words.count(first - start, last - start) for first, last in group]
    return counted


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
    words = [_terms(word) for _, word in _split(unicodedata.normalize("NFKC", text), pairs_only=True)]
    telling = [terms for terms in words if any(term & _TELLING for term in terms)]
    weights = Counter(term >> 1 for terms in telling or words for term in terms)
    ids = sorted(weights)
    return ids, [float(weights[term]) for term in ids]


_TELLING = 1
"""A term of a word is its hash, shifted by one bit, and this bit if it makes the text longer: not in a stop word, and
once in a word of several terms."""
_SEVERAL = -1


class _Words:
    """The words of a normalised text by where they begin, their terms as numbers: counting a part is adding up."""

    def __init__(self, text: str) -> None:
        begins, words = _ascii_words(text) if text.isascii() else _words(text)
        terms = np.fromiter(map(_known.__getitem__, words), np.int64, len(words))
        several = np.flatnonzero(terms == _SEVERAL)
        if len(several):
            theirs = [_several(words[i]) for i in several]
            times = np.ones(len(words), np.int64)
            times[several] = [len(of_word) for of_word in theirs]
            begins, terms = begins.repeat(times), terms.repeat(times)
            terms[terms == _SEVERAL] = [term for of_word in theirs for term in of_word]
        self._begins = begins
        self._lengths = np.concatenate(([0], np.cumsum(terms & _TELLING)))
        self._ids, self._numbers = np.unique(terms >> 1, return_inverse=True)

    def count(self, start: int, end: int) -> TermCounts:
        first, last = np.searchsorted(self._begins, (start, end))
        counts = np.bincount(self._numbers[first:last], minlength=len(self._ids))
        there = np.flatnonzero(counts)
        return TermCounts(self._ids[there], counts[there], int(self._lengths[last] - self._lengths[first]))


def _ascii_words(text: str) -> tuple[Integers, list[str]]:
    spaced = text.translate(_ASCII_WORDS)
    inside = np.frombuffer(f" {spaced}".encode(), np.uint8) != ord(" ")
    return np.flatnonzero(inside[1:] & ~inside[:-1]), spaced.split()


def _words(text: str) -> tuple[Integers, list[str]]:
    found = list(_split(text))
    return np.fromiter((begin for begin, _ in found), np.int64, len(found)), [word for _, word in found]


def _split(text: str, *, pairs_only: bool = False) -> Iterator[tuple[int, str]]:
    """The words of a normalised text, and where each begins; of a run in an unspaced script its characters and pairs.

    `pairs_only`: of such a run give the pairs only, if it has any, which say more than the single characters.
    """
    if _UNSPACED_CHARACTER.search(text) is None:
        yield from ((match.start(), match[0]) for match in _SPACED_RUN.finditer(text))
        return
    for match in _RUN.finditer(text):
        run = match[0]
        if _UNSPACED_CHARACTER.match(run) is None:
            yield match.start(), run
            continue
        for i in range(len(run)):
            if not pairs_only or len(run) == 1:
                yield match.start() + i, run[i]
            if i + 1 < len(run):
                yield match.start() + i, run[i : i + 2]


def _groups(parts: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    first = 0
    for i, (_, end) in enumerate(parts):
        if i > first and end - parts[first][0] > _GROUP_CHARACTERS:
            yield parts[first:i]
            first = i
    if parts:
        yield parts[first:]


def _in_place(text: str) -> str | None:
    """The words of the normalised text, where they are in this one; None where normalising moves characters."""
    if text.isascii():
        return text
    text = text.replace("\u2026", ".")  # of which normalising makes three
    if unicodedata.is_normalized("NFKC", text):
        return text
    text = text.translate(_single_forms())
    return text if unicodedata.is_normalized("NFKC", text) else None


@cache
def _single_forms() -> dict[int, str]:
    """The characters of which normalising makes one other: non-breaking spaces, full-width forms, superscripts..."""
    found = {}
    for code in range(0x80, 0x30000):  # no character behind these planes has another form
        form = unicodedata.normalize("NFKC", chr(code))
        if len(form) == 1 and form != chr(code):
            found[code] = form
    return found


class _Known(dict[str, int]):
    """The term of each word seen so far, or _SEVERAL."""

    def __missing__(self, word: str) -> int:
        terms = _terms(word)
        term = terms[0] if len(terms) == 1 else _SEVERAL
        if len(word) <= _LONGEST_WORD:
            if len(self) >= _REMEMBERED_WORDS:
                self.clear()
            self[word] = term
        return term


_known = _Known()


def _terms(word: str) -> tuple[int, ...]:
    """The terms of one word: its stem, and the stems of its parts if underscores join several."""
    word = word.casefold()
    if len(word) > _LONGEST_WORD:
        return (_hash(word) << 1 | _TELLING,)
    parts = [part for part in word.split("_") if part]
    terms = ["_".join(parts), *parts] if len(parts) > 1 else parts
    hashes = [_hash(_stem(term)) << 1 for term in terms]  # characters and pairs of unspaced scripts stay as they are
    if any(part not in _stop_words() for part in parts):
        hashes[0] |= _TELLING
    return tuple(hashes)


_several = lru_cache(maxsize=10_000)(_terms)


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
