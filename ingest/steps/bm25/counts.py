"""Count the terms of texts, and of parts of a text that may overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.steps.bm25.hashing import term_id
from ingest.steps.bm25.identifiers import MAX_WHOLE_CHARACTERS
from ingest.steps.bm25.joints import Joints
from ingest.steps.bm25.normalization import normalize, normalize_in_place
from ingest.steps.bm25.vocabulary import ids_of_pairs, vocabulary_of
from ingest.steps.bm25.words import Integers, Words, split

_GROUP_CHARACTERS = 64 * 1024  # parts are split into words in groups of this size, which bounds memory
# Characters around a group. After it, its last words are completed; the rest of longer ones is left out. Before it may
# begin an identifier that is not of the group: none with terms of its own is longer than half of the margin.
_MARGIN = 2 * MAX_WHOLE_CHARACTERS
_NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class TermCounts:
    """The terms of one text: 32-bit hashed ids in rising order, how often each occurs, and the length in words.

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


def count_terms(text: str, language: str = "en") -> TermCounts:
    """Count the terms of a text in one language (ISO 639-1; empty if unknown)."""
    text = normalize(text)
    return _TermPositions(text, language).count(0, len(text))


def count_terms_in_parts(
    text: str, parts: Sequence[tuple[int, int]], languages: str | Sequence[str] = "en"
) -> list[TermCounts]:
    """Count the terms of several parts of a text; text that parts share is split into words once.

    `parts` are character offsets [start, end) with rising starts. `languages` is the language of all parts or of each.
    A word belongs to the part in which it begins, whole, and so does an identifier. In a group of parts where NFKC
    changes the number of characters, a word cut by a part's edge counts with the characters that the part has of it.
    """
    if isinstance(languages, str):
        languages = [languages] * len(parts)
    counted: list[TermCounts] = []
    for first, last in _groups(parts, languages):
        group, language = parts[first:last], languages[first]
        start = max(0, group[0][0] - _MARGIN)
        normalized = normalize_in_place(text[start : group[-1][1] + _MARGIN])
        if normalized is None:
            counted += [count_terms(text[begin:end], language) for begin, end in group]
        else:
            positions = _TermPositions(normalized, language)
            counted += [positions.count(begin - start, end - start) for begin, end in group]
    return counted


class _TermPositions:
    """The terms of a normalised text, sorted by where their words begin, so that a part is counted by two bisections."""

    def __init__(self, text: str, language: str) -> None:
        words = split(text)
        joints = Joints(words)
        self._word_starts, texts = _spaced_and_segmented(words)
        identifiers = joints.identifiers()
        starts = np.concatenate((self._word_starts, identifiers.starts))
        repeats, terms, content = vocabulary_of(language).look_up(texts + identifiers.texts)
        self._lengths = np.concatenate(([0], np.cumsum(content[: len(texts)])))
        starts = starts.repeat(repeats)
        if others := [(start, term_id(term)) for start, term in joints.other_terms()]:
            other_starts, other_terms = np.array(others, np.int64).T
            starts, terms = np.concatenate((starts, other_starts)), np.concatenate((terms, other_terms))
        self._pair_starts = _NONE
        if words.unspaced:
            pair_starts, keys = words.pair_keys()
            starts, terms = np.concatenate((starts, pair_starts)), np.concatenate((terms, ids_of_pairs(keys)))
            self._pair_starts = np.sort(pair_starts)
        order = starts.argsort(kind="stable")
        self._starts = starts[order]
        self._ids, self._numbers = np.unique(terms[order], return_inverse=True)

    def count(self, start: int, end: int) -> TermCounts:
        first, last = np.searchsorted(self._starts, (start, end))
        counts = np.bincount(self._numbers[first:last], minlength=len(self._ids))
        present = np.flatnonzero(counts)
        first, last = np.searchsorted(self._word_starts, (start, end))
        length = self._lengths[last] - self._lengths[first]
        if len(self._pair_starts):
            first, last = np.searchsorted(self._pair_starts, (start, end))
            length += last - first
        return TermCounts(self._ids[present], counts[present], int(length))


def _spaced_and_segmented(words: Words) -> tuple[Integers, list[str]]:
    """Return the starts and texts of the words that have spaces between them or that a library finds, in order."""
    if not words.segmented:
        return words.starts, words.texts
    segments = list(words.segments())
    starts = np.concatenate((words.starts, np.array([start for start, _ in segments], np.int64)))
    texts = words.texts + [word for _, word in segments]
    order = starts.argsort(kind="stable")
    return starts[order], [texts[i] for i in order.tolist()]


def _groups(parts: Sequence[tuple[int, int]], languages: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the first number and the end of each group of parts in one language."""
    first = 0
    for i, (_, end) in enumerate(parts):
        if i > first and (end - parts[first][0] > _GROUP_CHARACTERS or languages[i] != languages[first]):
            yield first, i
            first = i
    if parts:
        yield first, len(parts)
