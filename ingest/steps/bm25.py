"""BM25 as sparse vectors: split a text into terms, and weigh each term in a document or a query.

The weights leave out the inverse document frequency: Qdrant multiplies it in (`modifier: idf` of the collection).
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

from ingest.steps.vectors import SparseVector

Integers = npt.NDArray[np.int64]

K1 = 1.2
"""Saturation of a term's frequency, k1 in BM25."""

B = 0.75
"""Share of the normalisation by document length, b in BM25."""

_STOP_WORDS = Path(__file__).parents[1] / "data" / "stop_words_english.txt"
_MAX_WORD_CHARACTERS = 64  # longer words are data: they are hashed without stemming and are not cached
_MAX_CACHED_WORDS = 200_000  # about 25 MB, and more than the vocabulary of most collections

# Scripts written without spaces, or (Korean) with particles joined to the words. There is no dictionary to find the
# words, so every character and every pair of neighbouring characters is a term.
_UNSPACED = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3"  # kana, hangul
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # han
)
# `\w` does not match vowel signs and points, but they do not end a word: accents, Hebrew, Arabic, Indic.
_SIGNS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_RUN = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_SIGNS}])+")
_SPACED_RUN = re.compile(rf"[\w{_SIGNS}]+")
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
# NFKC would join an exponent or the number of a footnote to its word: 10\u2075 is not 105, and Model\u00b9 is not Model1.
_SEPARATED = dict.fromkeys(
    map(ord, "\u00b9\u00b2\u00b3\u2070\u2071\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u207f"), " "
)
# Translation table for ASCII: letters become lower case, characters outside words become spaces.
_ASCII_WORDS = "".join(chr(code).lower() if re.match(r"\w", chr(code)) else " " for code in range(128))
_GROUP_CHARACTERS = 64 * 1024  # parts are split into words in groups of this size, which bounds memory
_MAX_OVERHANG = 1_000  # characters after a part's end in which its last word is completed; the rest is left out


@dataclass(frozen=True, eq=False)
class TermCounts:
    """The terms of one text: 32-bit hashed ids in rising order, how often each occurs, and the length in terms.

    `counts` includes stop words, so that a query of stop words alone has results; `length` leaves them out.
    """

    ids: Integers
    counts: Integers
    length: int

    def plus(self, other: "TermCounts") -> "TermCounts":
        """Return the counts of both texts together."""
        ids, positions = np.unique(np.concatenate([self.ids, other.ids]), return_inverse=True)
        counts = np.bincount(positions, np.concatenate([self.counts, other.counts]), len(ids)).astype(np.int64)
        return TermCounts(ids, counts, self.length + other.length)


def count_terms(text: str) -> TermCounts:
    """Count the terms of a text."""
    text = _normalize(text)
    return _TermPositions(text).count(0, len(text))


def count_terms_in_parts(text: str, parts: Sequence[tuple[int, int]]) -> list[TermCounts]:
    """Count the terms of several parts of a text; text that parts share is split into words once.

    `parts` are character offsets [start, end) with rising starts. A word belongs to the part in which it begins, whole.
    In a group of parts where NFKC changes the number of characters, a word cut by a part's edge counts with the
    characters that the part has of it.
    """
    counted: list[TermCounts] = []
    for group in _groups(parts):
        start = max(0, group[0][0] - 1)  # the character before tells whether the part begins inside a word
        normalized = _normalize_in_place(text[start : group[-1][1] + _MAX_OVERHANG])
        if normalized is None:
            counted += [count_terms(text[first:last]) for first, last in group]
        else:
            positions = _TermPositions(normalized)
            counted += [positions.count(first - start, last - start) for first, last in group]
    return counted


def document_vector(counts: TermCounts, mean_length: float) -> SparseVector:
    """Return the BM25 weights of a document's terms, without IDF.

    `mean_length` is the mean `TermCounts.length` of all texts in the store; 0 stands for this text's own length.
    """
    relative = counts.length / mean_length if mean_length > 0 else 1.0
    penalty = K1 * (1 - B + B * relative)
    return SparseVector(counts.ids, counts.counts * (K1 + 1) / (counts.counts + penalty))


def query_vector(text: str) -> SparseVector:
    """Return the weights of a query's terms: the number of times each occurs. Empty if the text has no words.

    Stop words are left out, unless the query has no other words ("to be or not to be").
    """
    words = [_terms_of(word) for _, word in _split_words(_normalize(text), pairs_only=True)]
    content_words = [terms for terms in words if any(term & _LENGTH_BIT for term in terms)]
    weights = Counter(term >> 1 for terms in content_words or words for term in terms)
    ids = sorted(weights)
    return SparseVector(ids, [float(weights[term]) for term in ids])


# A term is held as its hash shifted left by one bit. The lowest bit says whether the term adds to the text's length:
# not for a stop word, and once for a word of several terms.
_LENGTH_BIT = 1
_MULTIPLE_TERMS = -1  # stands in the cache for a word of several terms


class _TermPositions:
    """The terms of a normalised text, sorted by where their words begin, so that a part is counted by two bisections."""

    def __init__(self, text: str) -> None:
        starts, words = _ascii_words(text) if text.isascii() else _unicode_words(text)
        terms = np.fromiter(map(_term_cache.__getitem__, words), np.int64, len(words))
        compounds = np.flatnonzero(terms == _MULTIPLE_TERMS)
        if len(compounds):
            compound_terms = [_cached_terms_of(words[i]) for i in compounds]
            repeats = np.ones(len(words), np.int64)
            repeats[compounds] = [len(of_word) for of_word in compound_terms]
            starts, terms = starts.repeat(repeats), terms.repeat(repeats)
            terms[terms == _MULTIPLE_TERMS] = [term for of_word in compound_terms for term in of_word]
        self._starts = starts
        self._lengths = np.concatenate(([0], np.cumsum(terms & _LENGTH_BIT)))
        self._ids, self._numbers = np.unique(terms >> 1, return_inverse=True)

    def count(self, start: int, end: int) -> TermCounts:
        first, last = np.searchsorted(self._starts, (start, end))
        counts = np.bincount(self._numbers[first:last], minlength=len(self._ids))
        present = np.flatnonzero(counts)
        return TermCounts(self._ids[present], counts[present], int(self._lengths[last] - self._lengths[first]))


def _ascii_words(text: str) -> tuple[Integers, list[str]]:
    spaced = text.translate(_ASCII_WORDS)
    inside = np.frombuffer(f" {spaced}".encode(), np.uint8) != ord(" ")
    return np.flatnonzero(inside[1:] & ~inside[:-1]), spaced.split()


def _unicode_words(text: str) -> tuple[Integers, list[str]]:
    words = list(_split_words(text))
    return np.fromiter((start for start, _ in words), np.int64, len(words)), [word for _, word in words]


def _split_words(text: str, *, pairs_only: bool = False) -> Iterator[tuple[int, str]]:
    """Yield each word of a normalised text with its offset; of a run in an unspaced script its characters and pairs.

    With `pairs_only` such a run yields its pairs only, if it has any: they are more specific than single characters.
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


def _normalize(text: str) -> str:
    """Return the text in NFKC, with superscripts as separators."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text.translate(_SEPARATED))


def _normalize_in_place(text: str) -> str | None:
    """Return the text in NFKC with every word at its old offset, or None if NFKC would move characters."""
    if text.isascii():
        return text
    text = text.translate(_SEPARATED).replace("\u2026", ".")  # NFKC turns an ellipsis into three dots
    if unicodedata.is_normalized("NFKC", text):
        return text
    text = text.translate(_one_to_one_forms())
    return text if unicodedata.is_normalized("NFKC", text) else None


@cache
def _one_to_one_forms() -> dict[int, str]:
    """Map the characters that NFKC replaces by one other: non-breaking spaces, full-width forms, subscripts..."""
    forms = {}
    for code in range(0x80, 0x30000):  # no character above these planes has another form
        form = unicodedata.normalize("NFKC", chr(code))
        if len(form) == 1 and form != chr(code):
            forms[code] = form
    return forms


class _TermCache(dict[str, int]):
    """Maps each word seen so far to its term, or to _MULTIPLE_TERMS."""

    def __missing__(self, word: str) -> int:
        terms = _terms_of(word)
        term = terms[0] if len(terms) == 1 else _MULTIPLE_TERMS
        if len(word) <= _MAX_WORD_CHARACTERS:
            if len(self) >= _MAX_CACHED_WORDS:
                self.clear()
            self[word] = term
        return term


_term_cache = _TermCache()


def _terms_of(word: str) -> tuple[int, ...]:
    """Return the terms of one word: its stem, and the stems of its parts if underscores join several."""
    word = word.casefold()
    if len(word) > _MAX_WORD_CHARACTERS:
        return (_hash(word) << 1 | _LENGTH_BIT,)
    parts = [part for part in word.split("_") if part]
    terms = ["_".join(parts), *parts] if len(parts) > 1 else parts
    hashes = [_hash(_stem(term)) << 1 for term in terms]  # the stemmer leaves unspaced scripts as they are
    if any(part not in _stop_words() for part in parts):
        hashes[0] |= _LENGTH_BIT
    return tuple(hashes)


_cached_terms_of = lru_cache(maxsize=10_000)(_terms_of)


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
