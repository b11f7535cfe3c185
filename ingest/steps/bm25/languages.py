"""Tell the language of each part of a text by its stop words, and keep the languages of a store as bits.

The result decides how words are stemmed, so it must be the same whenever the same text is ingested. Text without a clear
language, such as program code or a table of numbers, has the language of its document, or none (stemmed as English).
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.steps.bm25 import stop_words

LANGUAGES: Final = (
    "en", "ar", "da", "de", "el", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv", "ta", "tr",
    "bg", "ca", "cs", "et", "fa", "gl", "he", "hi", "hr", "id", "lt", "lv", "pl", "sk", "sl", "sr", "uk", "vi",
)  # fmt: skip
"""The languages that are told apart (ISO 639-1). The position is the number of the bit: only append."""

_SAMPLE = 400
_SAMPLED_WHOLE = 4_000
_BLOCK = 1_000
"""The first `_SAMPLE` characters of each block vote for it: of a short document all. More cost 0.5 ms for 10 KB."""

_MIN_VOTES = 1.5
_MIN_LEAD = 1.3
"""How many times more votes a part must give to a language than to the next one to differ from its document."""

_MIN_SHARE = 0.05
"""Share of the votes of a document that a language needs to be that of a part."""

_MIN_VOTES_OF_SAMPLE = 0.5
"""Text in a language gives ten times more. Chinese documents have a few votes of their examples."""

_VOTE_OF_ENGLISH = 0.5
"""Texts in other languages quote English more than the reverse, and forgive English stems less."""

_MIN_LEAD_OF_QUERY = 2.0

# The scripts that have stemmers or stop words of their own, and the language of a word where the text's is of another.
_SCRIPTS: Final = (
    (re.compile("[\u0400-\u052f]"), ("ru", "bg", "sr", "uk")),
    (re.compile("[\u0370-\u03ff\u1f00-\u1fff]"), ("el",)),
    (re.compile("[\u0600-\u06ff\u0750-\u077f]"), ("ar", "fa")),
    (re.compile("[\u0590-\u05ff]"), ("he",)),
    (re.compile("[\u0900-\u097f]"), ("hi",)),
    (re.compile("[\u0b80-\u0bff]"), ("ta",)),
)
_OTHER_SCRIPTS: Final = frozenset(language for _, languages in _SCRIPTS for language in languages)

Votes = npt.NDArray[np.float64]


def bits_of_languages(languages: Iterable[str]) -> int:
    """Return languages as a set of bits. Text of no known language counts as English."""
    bits = 0
    for language in languages:
        bits |= 1 << LANGUAGES.index(language or "en")
    return bits


def languages_of_bits(bits: int) -> tuple[str, ...]:
    """Return the languages of a set of bits. English is always one of them: text of no known language is stemmed so."""
    return tuple(language for number, language in enumerate(LANGUAGES) if number == 0 or bits >> number & 1)


def languages_of_parts(text: str, parts: Sequence[tuple[int, int]]) -> list[str]:
    """Return the language of each part [start, end) of a document; empty where neither the part nor the document has one.

    A part has the document's main language unless its own words clearly say another.
    """
    if not parts:
        return []
    block = _SAMPLE if len(text) <= _SAMPLED_WHOLE else _BLOCK
    votes = _votes([text[start : start + _SAMPLE] for start in range(0, max(1, len(text)), block)])
    votes[:, LANGUAGES.index("en")] *= _VOTE_OF_ENGLISH
    of_document = votes.sum(axis=0)
    needed = max(_MIN_VOTES, _MIN_VOTES_OF_SAMPLE * len(votes))
    main = int(of_document.argmax()) if of_document.max() >= needed else None
    votes[:, of_document < _MIN_SHARE * of_document.sum()] = 0
    blocks = ((start // block, max(start, end - 1) // block + 1) for start, end in parts)
    return [_name(_language_of_part(votes[first:last], main)) for first, last in blocks]


def language_of_text(text: str) -> str:
    """Return the main language of a text, or an empty string."""
    return languages_of_parts(text, [(0, len(text))])[0]


def languages_of_query(query: str, held: Sequence[str]) -> tuple[str, ...]:
    """Return those of the languages of a store (`held`) that a query's words are to be stemmed by.

    That is one if the query is clearly in it, else English and those that its stop words speak for, else all.
    """
    [votes] = _votes([query])
    best = int(votes.argmax())
    if LANGUAGES[best] in held and _is_clear(votes, best, _MIN_LEAD_OF_QUERY):
        return (LANGUAGES[best],)
    likely = {LANGUAGES[number] for number in np.flatnonzero((votes > 0) & (votes >= votes[best] / 2))}
    found = [language for language in held if language in likely]
    return tuple(language for language in held if language in found or language == "en" or not found)


def language_of_word(word: str, language: str) -> str:
    """Return the language that a word of a text is stemmed by: the text's, if that is written in the word's script."""
    if word.isascii():
        return "en" if language in _OTHER_SCRIPTS else language
    for script, languages in _SCRIPTS:
        if script.match(word):
            return language if language in languages else languages[0]
    return "en" if language in _OTHER_SCRIPTS else language


def _language_of_part(votes: Votes, main: int | None) -> int | None:
    of_part = votes.sum(axis=0)
    best = int(of_part.argmax())
    return best if _is_clear(of_part, best, _MIN_LEAD) else main


def _is_clear(votes: Votes, best: int, lead: float) -> bool:
    """Return whether a language has enough votes, and `lead` times more than the next one."""
    return bool(votes[best] >= _MIN_VOTES and votes[best] >= lead * np.partition(votes, -2)[-2])


def _name(number: int | None) -> str:
    return "" if number is None else LANGUAGES[number]


def _votes(texts: Sequence[str]) -> Votes:
    """Return the votes of the different stop words of texts: a row for each text, a column for each language."""
    numbers, ballots = _ballots()
    voting: list[int] = []
    ends: list[int] = []
    for text in texts:
        voting += filter(None, map(numbers.get, dict.fromkeys(text.lower().split())))
        ends.append(len(voting))
    totals = np.zeros((len(voting) + 1, len(LANGUAGES)))
    np.cumsum(ballots[voting], axis=0, out=totals[1:])
    return totals[ends] - totals[[0, *ends[:-1]]]


@cache
def _ballots() -> tuple[dict[str, int], Votes]:
    """Return the number of each stop word, from 1, and the votes of each: one vote, shared by its languages.

    Single letters of ASCII do not vote: they are names of variables too.
    """
    voters: dict[str, list[int]] = {}
    for number, language in enumerate(LANGUAGES):
        for word in stop_words.of(language):
            if len(word) > 1 or not word.isascii():
                voters.setdefault(word, []).append(number)
    ballots = np.zeros((len(voters) + 1, len(LANGUAGES)))
    for row, languages in enumerate(voters.values(), 1):
        ballots[row, languages] = 1 / len(languages)
    return {word: row for row, word in enumerate(voters, 1)}, ballots
