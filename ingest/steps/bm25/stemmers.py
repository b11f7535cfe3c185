"""Stem words by the language of their text: the Snowball algorithms."""

from functools import cache
from typing import Final

from py_rust_stemmers import SnowballStemmer

ALGORITHMS: Final = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
    # Related languages without an algorithm of their own: first of 260 texts .73 instead of .67 (uk), .70 instead of .62 (sr)
    "bg": "russian", "sr": "russian", "uk": "russian",
}  # fmt: skip
"""The algorithm of each language (ISO 639-1) that has one."""


def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case. A word of a language without an algorithm is its own stem.

    Text of no known language is stemmed as English.
    """
    algorithm = ALGORITHMS.get(language or "en")
    if algorithm is None:
        return word
    stemmed: str = _stemmer(algorithm).stem_word(word)
    return stemmed


@cache
def _stemmer(algorithm: str) -> SnowballStemmer:
    return SnowballStemmer(algorithm)
