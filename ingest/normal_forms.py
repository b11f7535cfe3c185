"""Unicode normal forms in linear time. All texts of clients and documents are normalised here.

The algorithm sorts the combining marks of a letter in quadratic time: 32,768 marks take 3 s, in which no other thread of the
process runs. Unicode's stream-safe text format (UAX #15, section 13) bounds such a run, and so does this module.
"""

import re
import unicodedata
from functools import cache
from typing import Literal

NormalForm = Literal["NFC", "NFD", "NFKC"]

MAX_MARKS = 30
"""Combining marks on one letter, as in the stream-safe format. Further ones are dropped; no writing has them."""

MAX_UNFOLDING = 18
"""Characters that one character becomes at most."""

_PIECE_CHARACTERS = 1_024

_DECOMPOSITION: dict[NormalForm, Literal["NFD", "NFKD"]] = {"NFC": "NFD", "NFD": "NFD", "NFKC": "NFKD"}


def normalize(form: NormalForm, text: str) -> str:
    """Return the text in a normal form, with at most MAX_MARKS combining marks on a letter."""
    if len(text) <= MAX_MARKS:
        return unicodedata.normalize(form, text)
    if text.isascii() or unicodedata.is_normalized(form, text):  # takes linear time
        return text
    marks = _marks(form)
    if marks.search(text[::MAX_MARKS]):  # a longer run of marks has one at such a place
        text = marks.sub(lambda run: run[0][:MAX_MARKS], text)
    return unicodedata.normalize(form, text)


def normalize_within(form: NormalForm, text: str, max_characters: int) -> str:
    """Return the text in a normal form, without its end if it unfolds to many more characters than these.

    U+FDFA alone becomes 18 characters in NFKC, so that a long text of it would take much time and memory.
    """
    if len(text) * MAX_UNFOLDING > max_characters:
        text = text[: _length_within(form, text, max_characters)]
    return normalize(form, text)[:max_characters]


def _length_within(form: NormalForm, text: str, max_characters: int) -> int:
    """Return after how many characters the normal form is too long, in whole pieces."""
    unfolded = 0
    for start in range(0, len(text), _PIECE_CHARACTERS):
        unfolded += len(normalize(form, text[start : start + _PIECE_CHARACTERS]))
        if unfolded > max_characters:
            return start + _PIECE_CHARACTERS
    return len(text)


@cache
def _marks(form: NormalForm) -> re.Pattern[str]:
    """Return a pattern of runs of characters that the algorithm may sort behind a letter.

    A few of them count as letters themselves (U+0F73, U+FF9E), but are decomposed into marks.
    """
    decomposition = _DECOMPOSITION[form]
    codes = range(0x300, 0x20000)  # there is none beyond
    marks = (chr(code) for code in codes if unicodedata.combining(unicodedata.normalize(decomposition, chr(code))[0]))
    return re.compile(f"[{''.join(marks)}]+")
