"""The stop words of languages: words that say how a sentence is built, and not what it is about."""

from functools import cache
from pathlib import Path

from ingest.steps.bm25.folding import lower

_DATA = Path(__file__).parents[2] / "data"
_ENGLISH = _DATA / "stop_words_english.txt"
_OTHERS = _DATA / "stop_words.txt"
"""A line for each language: its code, a colon and its words."""


@cache
def of(language: str) -> frozenset[str]:
    """Return the stop words of a language (ISO 639-1) in lower case.

    There are none for a language without a list. Text of no known language has those of English.
    """
    if language in {"", "en"}:
        return frozenset(_ENGLISH.read_text("ascii").split())
    return _lists().get(language, frozenset())


def languages() -> tuple[str, ...]:
    """Return the languages that have stop words."""
    return ("en", *_lists())


@cache
def _lists() -> dict[str, frozenset[str]]:
    lines = (line.split(":", 1) for line in _OTHERS.read_text("utf-8").splitlines())
    # Both as people write them and as `lower` returns them, which writes ß as ss.
    return {language: frozenset({*words.split(), *map(lower, words.split())}) for language, words in lines}
