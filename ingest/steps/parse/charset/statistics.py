"""The cost of a text under a character set: how unlikely its letters are in the languages written in that set.

Costs are twice the number of bits in which the text could be written down. The right character set has the lowest.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ingest.steps.parse.charset.tables import RARE, character_costs, pair_costs

_INVALID = 40
_INVALID_EAST_ASIAN = 80  # two bytes at the most, of which a Western text has many by chance
_SYMBOL = 26
_COMMON_SYMBOL = 12
_BOX_DRAWING = 20
_REPEATED_BOX = 2
_SYMBOL_IN_WORD = 16  # added
_MISPLACED = 10  # added, for a symbol that closes before a word, or opens behind one
_CAPITAL_IN_WORD = 14  # added, for a capital letter after a small one
_ASCII_LETTER = 9  # beside East Asian characters
_COMMON_HAN = 24
_RARE_HAN = 32
_OTHER_EAST_ASIAN = 22
_HALF_WIDTH_KATAKANA = 30
_BESIDE_SMALL_LETTER = 8  # added, for an East Asian character beside a small Latin letter
_BETWEEN_SMALL_LETTERS = 20  # added once more
_MIN_EAST_ASIAN_CHARACTERS = 3
_FEW_CHARACTERS = 20  # added, if there are fewer: a single sign such as "°" and a letter are often a valid character

_COMMON_SYMBOLS = frozenset("“”„‘’‚–—…«»·•§°©®€£¿¡½¼¾²³µ×\xa0\xad№،؛؟‹›")
_WORD_SYMBOLS = frozenset("’·\xad–—\xa0-'")
_SIGNS_NAMED_LETTERS = frozenset("µªº")
_SMALL_AND_HIGH = re.compile("[a-z](?=[^\x00-\x7f])|[^\x00-\x7f](?=[a-z])")
_HIGH_BETWEEN_SMALL = re.compile("[a-z][^\x00-\x7f](?=[a-z])")
_MISPLACED_SYMBOLS = re.compile(r"(?<!\w)(?:[’”…›—–©®·]|°(?![CFK]\b))(?=[^\W\d_])|(?<=[^\W\d_])[—–‚„‹¿¡](?!\w)")
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0670]")


def word_cost(word: str, pairs: dict[str, int]) -> int:
    """Return the cost of a run of characters without whitespace, in one language."""
    cost = 0
    previous, previous_raw = " ", " "
    for raw in word:
        if _is_letter(raw):
            letter = raw if raw.islower() else _lower(raw)
            cost += pairs.get(previous + letter, RARE)
            if raw != letter and previous_raw.islower():
                cost += _CAPITAL_IN_WORD
        else:
            letter = " "
            if previous != " ":
                cost += pairs.get(previous + " ", RARE)
            if raw > "\x7f":
                cost += symbol_cost(raw, previous_raw)
        previous, previous_raw = letter, raw
    if previous != " ":
        cost += pairs.get(previous + " ", RARE)
    if word.isalpha():
        return cost
    return cost + _SYMBOL_IN_WORD * _symbols_in_word(word) + _MISPLACED * len(_MISPLACED_SYMBOLS.findall(word))


def symbol_cost(symbol: str, previous: str) -> int:
    """Return the cost of a character above 127 that is not a letter."""
    if symbol in _COMMON_SYMBOLS:
        return _COMMON_SYMBOL
    if "\u2500" <= symbol <= "\u259f":
        return _REPEATED_BOX if symbol == previous else _BOX_DRAWING
    if symbol <= "\x9f" or symbol == "\ufffd" or "\ue000" <= symbol <= "\uf8ff":
        return _INVALID
    return _SYMBOL


def east_asian_cost(text: str, codec: str, language: str) -> int:
    """Return the cost of text in a multi-byte character set."""
    costs = character_costs(language)
    total = _BESIDE_SMALL_LETTER * len(_SMALL_AND_HIGH.findall(text))
    if sum(map("\x7f".__lt__, text)) < _MIN_EAST_ASIAN_CHARACTERS:
        total += _FEW_CHARACTERS
    total += _BETWEEN_SMALL_LETTERS * len(_HIGH_BETWEEN_SMALL.findall(text))
    for character in text:
        if character <= "\x7f":
            total += _ASCII_LETTER if character.isalpha() else 0
        elif (cost := costs.get(character)) is not None:
            total += cost
        elif character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character <= "\x9f":
            total += _INVALID_EAST_ASIAN
        elif "\u4e00" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3":
            total += _COMMON_HAN if _is_common(character, codec) else _RARE_HAN
        elif "\uff61" <= character <= "\uff9f":
            total += _HALF_WIDTH_KATAKANA
        elif "\u3000" <= character <= "\u30ff" or "\uff00" <= character <= "\uffef":
            total += _OTHER_EAST_ASIAN
        else:
            total += _RARE_HAN
    return total


_LEADS_OF_COMMON_CHARACTERS = {  # the standards list the common characters first
    "gb18030": (0xB0, 0xD7),
    "big5hkscs": (0xA4, 0xC6),
    "cp932": (0x88, 0x97),
    "euc_jp": (0xB0, 0xCF),
    "cp949": (0xB0, 0xC8),
}


def _is_common(character: str, codec: str) -> bool:
    first, last = _LEADS_OF_COMMON_CHARACTERS[codec]
    encoded = character.encode(codec, "replace")
    return len(encoded) == 2 and first <= encoded[0] <= last and encoded[1] >= (0xA1 if codec == "cp949" else 0x40)


def _is_letter(character: str) -> bool:
    return (character.isalpha() and character not in _SIGNS_NAMED_LETTERS) or (
        character > "\u02ff" and _MARKS.match(character) is not None
    )


def _lower(letter: str) -> str:
    return "i" if letter == "İ" else letter.lower()


def _symbols_in_word(word: str) -> int:
    """Count symbols between two letters, where only a few belong."""
    return sum(
        before.isalpha() and after.isalpha()
        for before, symbol, after in zip(word, word[1:], word[2:], strict=False)
        if symbol > "\x7f" and not symbol.isalpha() and symbol not in _WORD_SYMBOLS and not _MARKS.match(symbol)
    )


class ByteTable(NamedTuple):
    """What each of the 256 bytes is in a single-byte codec.

    `letters` are letters in lower case, or a space; `symbols` the costs of the others; `small` and `capital` say which
    letters are of this case.
    """

    letters: str
    symbols: tuple[int, ...]
    small: tuple[bool, ...]
    capital: tuple[bool, ...]


@lru_cache(maxsize=64)
def byte_table(codec: str) -> ByteTable:
    """Return the table of a single-byte codec."""
    characters = [bytes([byte]).decode(codec, "replace") for byte in range(256)]
    is_letter = [_is_letter(character) for character in characters]
    return ByteTable(
        "".join(_lower(c) if letter else " " for c, letter in zip(characters, is_letter, strict=True)),
        tuple(
            0 if letter or c <= "\x7f" else symbol_cost(c, "") for c, letter in zip(characters, is_letter, strict=True)
        ),
        tuple(map(str.islower, characters)),
        tuple(map(str.isupper, characters)),
    )


def pair_total(pairs: Mapping[tuple[int, int], int], codec: str, languages: Sequence[str]) -> dict[str, int]:
    """Return for each language the cost of the pairs of bytes, which are given with their numbers."""
    letters, symbols, small, capital = byte_table(codec)
    common = 0
    counted: list[tuple[str, int]] = []
    for (first, second), number in pairs.items():
        pair = letters[first] + letters[second]
        if pair != "  ":
            counted.append((pair, number))
        is_line = first == second and symbols[second] == _BOX_DRAWING
        common += (_REPEATED_BOX if is_line else symbols[second]) * number
        if capital[second] and small[first]:
            common += _CAPITAL_IN_WORD * number
    return {
        language: common + sum([get(pair, RARE) * number for pair, number in counted])
        for language, get in ((language, pair_costs(language).get) for language in languages)
    }


def cheapest(words: Iterable[str], costs_of_languages: Sequence[tuple[float, dict[str, int]]]) -> float:
    """Return the sum over words of the lowest cost among languages, each with the cost of choosing it."""
    return sum(min(extra + word_cost(word, pairs) for extra, pairs in costs_of_languages) for word in words)
