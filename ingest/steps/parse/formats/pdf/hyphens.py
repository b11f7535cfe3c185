"""Words broken at line ends: join "infor-/mation", and keep the hyphen of "COVID-/19" and "state-of-/the-art"."""

import re
from collections import Counter
from collections.abc import Iterable

_BREAK = r"(?:[\ufffe\u0002]\n?|[-\u2010\u00ad] ?\n|\u00ad)"
"""A hyphen at a line end. pdfium writes U+FFFE for most, and leaves out the line end; soft hyphens have no other use."""

_ANY_BREAK = re.compile("[\ufffe\u0002\u00ad]|[-\u2010] ?\n")
_BROKEN_WORD = re.compile(
    rf"(?<![\w\u2010\u2011-])((?:[^\W_]+[-\u2010\u2011])*[^\W_]+){_BREAK}([^\W_]+(?:[-\u2010\u2011][^\W_]+)*)"
)
_REST = re.compile("[\ufffe\u0002](?!\n)|\u00ad(?!\n)|\u00ad\n")
_WORD = re.compile(r"[^\W_]+(?:[-\u2010\u2011][^\W_]+)*")
_COMPOUND_STARTS = frozenset({"self", "quasi", "well", "cost", "semi", "half"})
_MIN_WORD = 3


def repair_hyphens(pages: Iterable[str]) -> list[str]:
    """Return the texts of a document's pages with the words at line ends as they read.

    Words that the document also has inside its lines decide; then capitals, digits and other hyphens of the word.
    """
    texts = list(pages)
    if not any(_ANY_BREAK.search(text) for text in texts):
        return texts
    words = Counter(word.casefold() for text in texts for word in _WORD.findall(_BROKEN_WORD.sub(" ", text)))
    return [_repair(text, words) for text in texts]


def _repair(text: str, words: Counter[str]) -> str:
    if not _ANY_BREAK.search(text):
        return text
    # A word may be broken twice in narrow columns, and matches do not overlap.
    for _ in range(3):
        text, count = _BROKEN_WORD.subn(lambda match: _join(match[1], match[2], words), text)
        if not count:
            break
    return _REST.sub("-", text)


def _join(first: str, second: str, words: Counter[str]) -> str:
    hyphenated, joined = f"{first}-{second}", first + second
    return hyphenated if _keeps_hyphen(first, second, words) else joined


def _keeps_hyphen(first: str, second: str, words: Counter[str]) -> bool:
    joined, hyphenated = words[(first + second).casefold()], words[f"{first}-{second}".casefold()]
    if joined or hyphenated:
        return hyphenated >= joined
    if not first[-1].isalpha() or not second[0].islower() or "-" in first or "-" in second:
        return True
    if not first[-1].islower() or any(character.isdigit() for character in first + second):
        return True
    if first.casefold() in _COMPOUND_STARTS and len(second) > _MIN_WORD:
        return True
    return min(len(first), len(second)) > _MIN_WORD and bool(words[first.casefold()] and words[second.casefold()])
