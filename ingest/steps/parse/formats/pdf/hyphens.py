"""Words broken at line ends: join "infor-/mation", and keep the hyphen of "COVID-/19" and "state-of-/the-art"."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_BREAK = re.compile("[\ufffe\u0002]\n?|[-\u2010\u00ad] ?\n|\u00ad")
"""A hyphen at a line end. pdfium writes U+FFFE for most, and leaves out the line end; soft hyphens have no other use."""

_LETTERS = r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)*"
_LAST_WORD = re.compile(rf"(?<![\w\u2010\u2011-]){_LETTERS}\Z")
_WORD = re.compile(_LETTERS)
_MAX_WORD = 80
_COMPOUND_STARTS = frozenset({"self", "quasi", "well", "cost", "semi", "half", "worst", "best"})
_MIN_WORD = 3


class _Break(NamedTuple):
    """A hyphen at a line end: characters [start, end), and the parts of the word before and behind it, if any."""

    start: int
    end: int
    first: str
    second: str


def repair_hyphens(pages: Iterable[str]) -> list[str]:
    """Return the texts of a document's pages with the words at line ends as they read.

    Words that the document also has inside its lines decide; then capitals, digits and other hyphens of the word.
    """
    texts = list(pages)
    breaks = [list(_breaks(text)) for text in texts]
    if not any(breaks):
        return texts
    words: Counter[str] = Counter()
    for text in texts:
        words.update(_WORD.findall(text.casefold()))
    words.subtract(part.casefold() for found in breaks for broken in found for part in (broken.first, broken.second))
    return [_repair(text, found, words) if found else text for text, found in zip(texts, breaks, strict=True)]


def _breaks(text: str) -> Iterator[_Break]:
    for match in _BREAK.finditer(text):
        first = _LAST_WORD.search(text[max(0, match.start() - _MAX_WORD) : match.start()])
        second = _WORD.match(text, match.end(), match.end() + _MAX_WORD)
        yield _Break(*match.span(), first[0] if first else "", second[0] if second else "")


def _repair(text: str, breaks: list[_Break], words: Counter[str]) -> str:
    pieces: list[str] = []
    position = 0
    for broken in breaks:
        pieces += (text[position : broken.start], _joint(text, broken, words))
        position = broken.end
    return "".join([*pieces, text[position:]])


def _joint(text: str, broken: _Break, words: Counter[str]) -> str:
    """Return what a hyphen at a line end becomes. Without a word on both sides, the line end stays."""
    if broken.first and broken.second:
        return "-" if _keeps_hyphen(broken.first, broken.second, words) else ""
    return "-" + text[broken.start + 1 : broken.end]


def _keeps_hyphen(first: str, second: str, words: Counter[str]) -> bool:
    joined, hyphenated = words[(first + second).casefold()], words[f"{first}-{second}".casefold()]
    if joined > 0 or hyphenated > 0:
        return hyphenated >= joined
    if not (first + second).isalpha() or not first[-1].islower() or not second[0].islower():
        return True  # digits, capitals and other hyphens
    if first.casefold() in _COMPOUND_STARTS and len(second) > _MIN_WORD:
        return True
    is_each_known = words[first.casefold()] > 0 and words[second.casefold()] > 0
    return is_each_known and min(len(first), len(second)) > _MIN_WORD
