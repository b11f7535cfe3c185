"""The classes of characters that decide where words begin and which signs join them, as a table for numpy."""

import re
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.uint8]

WORD: Final = 0x01
UNSPACED: Final = 0x02
"""Characters of scripts without spaces, or (Korean) with particles joined to the words: every two are a term."""
SEGMENTED: Final = 0x03
"""Characters of scripts without spaces in which a library finds the words: Thai, Lao, Burmese, Khmer."""
JOINER: Final = 0x04
"""Signs between the parts of an identifier."""
GROUPING: Final = 0x08
"""Signs between the groups of three digits of a number."""
DIGIT: Final = 0x10
SUFFIX: Final = 0x20
"""Signs at the end of a name: C++, C#."""
DOT: Final = 0x40
COMMA: Final = 0x80

IN_WORD: Final = 0x03
"""The bits of the class of a character in a word: WORD, UNSPACED or SEGMENTED."""

# `\w` does not match vowel signs and points, but they do not end a word: accents, Hebrew, Arabic, Indic.
_SIGNS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
_SEGMENTED = "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
_PAIRED = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uac00-\ud7a3"  # kana, hangul
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # han
)
_CLASSES = {WORD: rf"[\w{_SIGNS}]+", UNSPACED: f"[{_PAIRED}]+", SEGMENTED: f"[{_SEGMENTED}]+"}

# U+200C joins the parts of Persian words, U+00AD is a place where a line may break, U+2010 is a hyphen.
_JOINERS = "-./\\@:+&'\u2019\u2010\u200c\u00ad\u05be"
_GROUPINGS = " ,.'\u2019"


@cache
def flags_of_characters() -> Flags:
    """Return the flags of each Unicode character: an array of 0x110000 numbers, 1.1 MB."""
    flags = np.zeros(0x110000, np.uint8)
    characters = np.arange(0x110000, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    for character_class, pattern in _CLASSES.items():
        for match in re.finditer(pattern, characters):
            flags[match.start() : match.end()] = character_class
    of_signs = {JOINER: _JOINERS, GROUPING: _GROUPINGS, DIGIT: "0123456789", SUFFIX: "+#", DOT: ".", COMMA: ","}
    for flag, signs in of_signs.items():
        flags[list(map(ord, signs))] |= flag
    return flags


@cache
def ascii_words() -> str:
    """Return a translation table for ASCII in which the characters outside words become spaces."""
    return "".join(chr(code) if re.match(r"\w", chr(code)) else " " for code in range(128))
