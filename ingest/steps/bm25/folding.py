"""Fold words: bring the spellings of a word that people use for each other to one form.

A folded word is in lower case and has no accents on Latin and Greek letters, no vowel points of Hebrew or Arabic, one
form of each Arabic letter, and ASCII digits. Folding a folded word changes nothing. Marks that make another letter stay:
Cyrillic \u0439 is not \u0438, and Japanese \u304c is not \u304b. Russian \u0451 is written as \u0435 by most people and is folded.
"""

import unicodedata
from functools import cache

from ingest import normal_forms

_DOTTED_CAPITALS = {"tr", "az"}
"""Languages in which the lower case of I is \u0131, and of \u0130 is i."""

_LETTERS = {
    # Latin letters that Unicode does not decompose
    "\u00e6": "ae", "\u0153": "oe", "\u00df": "ss", "\u00fe": "th", "\u00f0": "d", "\u0111": "d", "\u00f8": "o",
    "\u0142": "l", "\u0127": "h", "\u0131": "i", "\u014b": "n", "\u0167": "t", "\u017f": "s",
    "\u03c2": "\u03c3",  # Greek final sigma
    "\u0451": "\u0435",  # Cyrillic io
    # Arabic: alef with hamza or madda, alef maksura, teh marbuta, hamza on waw and yeh
    "\u0622": "\u0627", "\u0623": "\u0627", "\u0625": "\u0627", "\u0671": "\u0627", "\u0649": "\u064a",
    "\u0629": "\u0647", "\u0624": "\u0648", "\u0626": "\u064a",
    # Persian and Urdu forms of Arabic letters: yeh, kaf, heh
    "\u06cc": "\u064a", "\u06a9": "\u0643", "\u06be": "\u0647", "\u06c1": "\u0647", "\u06c0": "\u0647", "\u06d5": "\u0647",
}  # fmt: skip
_REMOVED = (
    (0x0300, 0x036F),  # combining accents
    (0x0591, 0x05C7),  # points and accents of Hebrew
    (0x0610, 0x061A), (0x0640, 0x0640), (0x064B, 0x065F), (0x0670, 0x0670), (0x06D6, 0x06ED),  # Arabic; 0640: tatweel
)  # fmt: skip
_ACCENTED = ((0x00C0, 0x024F), (0x0370, 0x03FF), (0x1E00, 0x1FFF))  # Latin and Greek
_PAIRS_OF_LETTERS = {"\u00e4": "ae", "\u00f6": "oe", "\u00fc": "ue", "\u00e5": "aa", "\u00f8": "oe"}
_TWO_LETTERS = str.maketrans(_PAIRS_OF_LETTERS)


def lower(word: str, language: str = "") -> str:
    """Return a word in lower case, \u0130 and I by the rules of its language. \u00df becomes ss."""
    if language in _DOTTED_CAPITALS:
        word = word.replace("\u0130", "i").replace("I", "\u0131")
    # The lower case of \u0130 is i with a dot above, which nobody types.
    return word.lower() if word.isascii() else word.casefold().replace("i\u0307", "i")


def fold(word: str) -> str:
    """Return a word in lower case as its folded form. A word of marks alone stays as it is."""
    return word if word.isascii() else word.translate(_folds()) or word


def with_two_letters(word: str) -> str:
    """Return a word with ae, oe, ue and aa for \u00e4, \u00f6, \u00fc and \u00e5: Mueller is M\u00fcller. Folded otherwise."""
    return word if word.isascii() else fold(word.translate(_TWO_LETTERS))


@cache
def _folds() -> dict[int, str | None]:
    folds: dict[int, str | None] = {}
    for first, last in _ACCENTED:
        for code in range(first, last + 1):
            base = normal_forms.normalize("NFD", chr(code))
            if len(base) > 1:
                letters = "".join(character for character in base if not unicodedata.combining(character))
                folds[code] = _LETTERS.get(letters, letters)
    for code in range(0x80, 0x20000):
        if (digit := unicodedata.decimal(chr(code), None)) is not None:
            folds[code] = str(digit)
    for first, last in _REMOVED:
        folds |= dict.fromkeys(range(first, last + 1))
    return folds | {ord(letter): form for letter, form in _LETTERS.items()}
