"""Identifiers: words that are joined without spaces, by capitals (getUserName) or by signs (AB-1234-56, 1.2.3).

The whole of an identifier is one term beside the terms of its parts, so that the order of the parts counts. It is
written in one way however the parts are joined: `get_user_name`, `getUserName` and `get-user-name` are getusername.
A _ stays between two digits: version 1.2.3 is 1_2_3, which is neither 12.3 nor 123.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ingest.steps.bm25.folding import fold, lower

MAX_WHOLE_CHARACTERS = 256
"""Longer identifiers are data: they have no terms beside those of their parts."""

_SIGNS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
    "\u0e31-\u0e4e\u0eb1-\u0ece\u102b-\u103e\u17b4-\u17d3"  # vowels of Thai, Lao, Burmese and Khmer
)
_PART = re.compile(rf"[\w{_SIGNS}]+")
_VERSION_PREFIX = re.compile(r"^v(?=\d)")
_NUMBER = re.compile(r"\d+")
_DECIMAL = re.compile(r"\d+\.\d+", re.ASCII)
_DATE = re.compile(
    r"(?<!\d)(?:(\d{4})([-./_])(\d{1,2})\2(\d{1,2})|(\d{1,2})([-./])(\d{1,2})\6(\d{4}))(?:T\d\d)?(?!\d)", re.ASCII
)
_COMPACT_DATE = re.compile(r"(19\d\d|20\d\d)(\d\d)(\d\d)", re.ASCII)
_HEX = re.compile(r"[0-9a-f]+")
_MIN_HEX_CHARACTERS = 12  # a MAC address; UUIDs are longer
_ELISIONS = frozenset(["l", "d", "j", "m", "t", "s", "c", "n", "qu", "dell", "all", "nell", "sull", "un"])
_CONTRACTIONS = frozenset(["s", "t", "re", "ve", "ll", "d", "m"])
_APOSTROPHES = "'\u2019"


def parts_of_word(word: str) -> list[str]:
    """Return the parts of a word that are joined by underscores or by capitals, or the word alone."""
    parts = [part for part in word.split("_") if part]
    return [small for part in parts for small in _split_at_capitals(part)]


def whole(parts: Sequence[str]) -> str:
    """Return the one way to write an identifier of folded parts."""
    if len(parts) == 2:  # the most frequent case
        return f"{parts[0]}_{parts[1]}" if _digits_meet(parts[0], parts[1]) else parts[0] + parts[1]
    written = [parts[0]]
    for before, part in pairwise(parts):
        if _digits_meet(before, part):
            written.append("_")
        written.append(part)
    return "".join(written)


def pairs(parts: Sequence[str]) -> list[str]:
    """Return each two neighbouring parts of an identifier of at least three, in order.

    Of numbers only the first two are a pair: 1.2 and 2024-05 are asked for, 2.3 and 05-01 are not.
    """
    if len(parts) < 3:
        return []
    both = enumerate(pairwise(parts))
    return [whole(two) for i, two in both if i == 0 or not (two[0].isdigit() and two[1].isdigit())]


def are_joined(text: str) -> bool:
    """Return whether signs join the words of `text`, which is a word or an identifier."""
    return _PART.fullmatch(text) is None


def terms_of_joined(text: str) -> list[str]:
    """Return the terms of the whole and of the neighbouring parts of words that signs join."""
    if len(text) > MAX_WHOLE_CHARACTERS:
        return []
    if _DECIMAL.fullmatch(text):  # most of the joined words of tables
        return [text.replace(".", "_")]
    parts = folded_parts(text)
    return [*wholes(parts, text), *pairs(parts)]


def folded_parts(text: str) -> list[str]:
    """Return the folded parts of words that signs join. An elided article and the ends of don't and Anna's are none.

    The v of a version is left out: v1.2 is 1.2.
    """
    matches = list(_PART.finditer(text))
    if len(matches) > 1 and text[matches[0].end()] in _APOSTROPHES and matches[0][0].lower() in _ELISIONS:
        del matches[0]
    if len(matches) > 1 and text[matches[-1].start() - 1] in _APOSTROPHES and matches[-1][0].lower() in _CONTRACTIONS:
        del matches[-1]
    parts = [part for match in matches for part in fold(lower(match[0])).split("_") if part]
    return [_VERSION_PREFIX.sub("", parts[0]), *parts[1:]] if len(parts) > 1 else parts


def wholes(parts: Sequence[str], text: str) -> list[str]:
    """Return the terms of the whole of words that signs join: `parts` are the folded parts of `text`."""
    if len(parts) < 2:
        return []
    forms = [whole(parts)]
    forms += _number_runs(parts)
    forms += dates(text)
    joined = "".join(parts)
    if len(parts) > 2 and len(joined) >= _MIN_HEX_CHARACTERS and _HEX.fullmatch(joined):
        forms.append(joined)
    return list(dict.fromkeys(forms))


def dates(text: str) -> Iterator[str]:
    """Yield the dates in a text as year_month_day; both readings of 05/04/2024."""
    for match in _DATE.finditer(text):
        if match[1]:
            yield from _date(match[1], match[3], match[4])
        else:
            yield from _date(match[8], match[7], match[5])
            if match[6] == "/":
                yield from _date(match[8], match[5], match[7])


def compact_date(word: str) -> Iterator[str]:
    """Yield the date of a word like 20240501 as year_month_day."""
    if match := _COMPACT_DATE.fullmatch(word):
        yield from _date(match[1], match[2], match[3])


def _date(year: str, month: str, day: str) -> Iterator[str]:
    if 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
        yield f"{year}_{int(month):02}_{int(day):02}"


def _number_runs(parts: Sequence[str]) -> Iterator[str]:
    """Yield the runs of at least three numbers among other parts: the version in file-1.2.3.tar.gz."""
    first = 0
    for i in range(len(parts) + 1):
        if i == len(parts) or not _NUMBER.fullmatch(parts[i]):
            if 3 <= i - first < len(parts):
                yield whole(parts[first:i])
            first = i + 1


def _digits_meet(before: str, after: str) -> bool:
    return before[-1].isdigit() and after[0].isdigit()


def _split_at_capitals(word: str) -> list[str]:
    """Return the words of getHTTPResponse. Words of two letters on average are none: GmbH, base64 data."""
    if word.islower() or word.isupper() or len(word) < 4:
        return [word]
    starts = [i for i in range(1, len(word)) if _starts_word(word, i)]
    if not starts or (len(starts) + 1) * 3 > len(word):
        return [word]
    return [word[first:last] for first, last in zip([0, *starts], [*starts, len(word)], strict=True)]


def _starts_word(word: str, i: int) -> bool:
    if not word[i].isupper():
        return False
    if not word[i - 1].isupper():
        return True
    rest = word[i + 1 :]
    return rest[:1].islower() and rest != "s"  # IDs is the plural of ID
