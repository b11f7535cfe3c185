"""Near-duplicates: of passages with nearly the same text, only the best ranked is shown.

Two texts are nearly the same if they share 90 % of their shingles (three words in a row; characters where a script has no
spaces) and have the same numbers. Texts of fewer than SHORT_WORDS words must have the same words. A word of the query
that only one of them has keeps them apart: it is what the query asks for.

The shingles are compared at search time. A MinHash signature of 32 bytes in the index would be too coarse to decide (the
standard error at .9 is .05), so the texts, which hits bring along, would have to be compared anyway. A sample of the
shingles by their hashes, as in MinHash, finds the few pairs to compare: about .2 ms for a passage of 500 words.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ingest.runtime.cancellation import checked
from ingest.search.passages import RankedPassage
from ingest.steps import bm25
from ingest.steps.index import Hit

SIMILARITY = 0.9
"""The least Jaccard similarity of the shingles of near-duplicates."""

SHORT_WORDS = 20

DEPTH = 3
"""Passages that are compared for each that is shown. Near-duplicates have nearly the same rank."""

_SAMPLED = 16
"""One shingle of so many is looked up, by the hash of its first word. Near-duplicates share nine tenths of these."""

_LONG_WORDS = 256
"""Texts of fewer words are looked up by all shingles."""

_CLOSEST = 8
_GROUPS_OF_HASH = 32
"""Each text is compared with the groups that share most of its sample. What more groups share is boilerplate."""

MAX_COMPARED = 1_000
"""Different texts of one search that are compared at all: about .3 s, if a search goes so deep."""

MAX_COMPARED_CHARACTERS = 4_000_000
"""Characters of these texts after normalisation, which makes 18 of one: about .3 s too."""

_PUNCTUATION = str.maketrans(dict.fromkeys(".,;:!?\"'()[]{}*_#|`“”„‚‘’«»‹›…–—‐‑·•、。，；：！？「」『』（）", " "))
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")
_NUMBER = re.compile(r"(?:(?<!\w)[-+\u2212])?\d+(?:[.,:/]\d+)*")


@dataclass(frozen=True)
class _Text:
    """A passage's text in the forms that are compared, each made when first needed."""

    text: str

    @cached_property
    def normalized(self) -> str:
        return bm25.normalize(self.text)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(_words(self.normalized))

    @cached_property
    def shingles(self) -> frozenset[int]:
        words = self.words
        return frozenset(map(hash, zip(words, words[1:], words[2:], strict=False)))

    @cached_property
    def numbers(self) -> Counter[str]:
        return Counter(_NUMBER.findall(self.normalized))

    @property
    def is_short(self) -> bool:
        return len(self.words) < SHORT_WORDS

    def sketch(self) -> Iterable[int]:
        """Return hashes of which near-duplicates share at least one."""
        if self.is_short:
            return [hash(self.words)]
        words = self.words
        if len(words) < _LONG_WORDS:
            return self.shingles
        sampled = [hash(words[at : at + 3]) for at, word in enumerate(words[:-2]) if hash(word) % _SAMPLED == 0]
        return sampled or self.shingles

    def is_near(self, other: "_Text", asked: frozenset[str]) -> bool:
        """Return whether the texts are nearly the same for somebody who asked with these words."""
        if self.text == other.text:
            return True
        if self.numbers != other.numbers:
            return False
        if self.is_short or other.is_short:
            return self.words == other.words
        shared = len(self.shingles & other.shingles)
        if shared < SIMILARITY * (len(self.shingles) + len(other.shingles) - shared):
            return False
        return asked.isdisjoint(set(self.words) ^ set(other.words))


class _Groups:
    """Groups of near-duplicates, each found by the sketch of its first text."""

    def __init__(self) -> None:
        self._texts: list[_Text] = []
        self._by_text: dict[str, int] = {}
        self._by_hash: dict[int, list[int]] = {}
        self._characters = 0

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def are_full(self) -> bool:
        """Whether no more texts are compared."""
        return len(self._by_text) >= MAX_COMPARED or self._characters >= MAX_COMPARED_CHARACTERS

    def place(self, text: str, asked: frozenset[str]) -> int:
        """Return the number of the text's group, which is a new one if there is none."""
        if text not in self._by_text:
            self._by_text[text] = self._place_new(_Text(text), asked)
        return self._by_text[text]

    def _place_new(self, new: _Text, asked: frozenset[str]) -> int:
        sketch = set(new.sketch())
        self._characters += len(new.normalized)
        shared = Counter(group for each in sketch for group in self._by_hash.get(each, ()))
        for group, _ in shared.most_common(_CLOSEST):
            if self._texts[group].is_near(new, asked):
                return group
        for each in sketch:
            groups = self._by_hash.setdefault(each, [])
            if len(groups) < _GROUPS_OF_HASH:
                groups.append(len(self._texts))
        self._texts.append(new)
        return len(self._texts) - 1


def fold(passages: Sequence[RankedPassage], wanted: int | None) -> list[RankedPassage]:
    """Return the first passage of each group of near-duplicates, with the others as its `duplicates`.

    `passages` are ranked. Stops after `wanted` groups, when the passages up to DEPTH times as far down were compared;
    None compares up to MAX_COMPARED. Passages below them are left out.
    """
    groups = _Groups()
    members: list[list[RankedPassage]] = []
    asked = {query: _words_of_query(query) for query in {passage.query for passage in passages}}
    for position, passage in enumerate(checked(passages)):
        if wanted is not None and len(groups) >= wanted and position >= DEPTH * wanted:
            break
        if groups.are_full:
            break
        group = groups.place(passage.hit.text, asked[passage.query])
        if group == len(members):
            members.append([])
        members[group].append(passage)
    return [replace(first, duplicates=(*first.duplicates, *others)) for first, *others in members]


def distinct(hits: Iterable[Hit], query: str, wanted: int | None) -> list[Hit]:
    """Return the hits that are left when near-duplicates are folded, the first `wanted` of them, or all."""
    groups, asked = _Groups(), _words_of_query(query)
    kept: list[Hit] = []
    for hit in checked(hits):
        if groups.are_full or (wanted is not None and len(kept) >= wanted):
            break
        if groups.place(hit.text, asked) == len(kept):
            kept.append(hit)
    return kept


def _words_of_query(query: str) -> frozenset[str]:
    return frozenset(_words(bm25.normalize_query(query)))


def _words(text: str) -> list[str]:
    """Return the words of a normalised text in lower case without punctuation; in scripts without spaces, the characters."""
    plain = text.casefold().translate(_PUNCTUATION)
    if not plain.isascii():
        plain = _UNSPACED.sub(r" \g<0> ", plain)
    return plain.split()
