"""Tell a usable text layer from one whose codes are not characters.

A font may lack the mapping from its glyphs to Unicode. The text is then the glyphs' numbers, such as "7KHVFRQWUDFW" for
"The contract". Such text is not translated back, because a wrong guess would be worse than none.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping

_MAX_SHARE_WITHOUT_UNICODE = 0.3
_MAX_SHARE_OF_CONTROLS = 0.5
_MIN_LETTERS = 40
_MIN_NUMBERED = 0.9
_MAX_CHARACTERS = 1_500  # judged per page

_FREQUENCY = dict(
    zip(
        "etaoinsrhldcumfpgwybvkxjqz",
        (12, 9, 8, 7.5, 7.5, 7, 6.5, 6, 5, 4, 4, 3, 3, 2.5, 2, 2, 2, 1.8, 1.5, 1.5, 1.2, 1, 0.3, 0.3, 0.2, 0.3),
        strict=True,
    )
)
"""Per cent of the letters in European languages, roughly."""

_LOGARITHMS = {letter: math.log(percent / 100) for letter, percent in _FREQUENCY.items()}

_MEAN_OF_LANGUAGE = -3.6
"""Least mean logarithm of the frequency of the letters of a text: English has -2.9, Polish and Hungarian have -3.4."""

_MIN_GAIN = 0.3  # of that mean, by moving the codes
_MIN_LOWER = 0.7  # share of letters in lower case that moved codes must have: part numbers do not
_MEAN_OF_OTHER_CHARACTER = math.log(0.0005)
_LEADERS = re.compile(r"[.·_=*\-–—|\s]{3,}")
_SHIFTS = (29, 28, 30, 31)  # TrueType fonts have their first glyphs in the order of ASCII, with "A" as number 36
_NO_CHARACTERS = re.compile("[\\0-\\1\\3-\\x08\\x0e-\\x1f\\x7f-\\x9f\ue000-\uf8ff\ufffd\U000f0000-\U0010ffff]")
"""Controls and private characters. pdfium writes a hyphen at a line end as U+0002 or U+FFFE."""

_MARKS_OF_NUMBERS = frozenset(".,:/-–−+%€$£()")
_VOWELS = frozenset("aeiouyæøœı")


def is_legible(text: str, share_without_unicode: float) -> bool:
    """Return whether the text of a page reads as text.

    `share_without_unicode` is the share of characters whose font has no mapping: a hint only, because the codes of many
    such fonts are letters.
    """
    sample = text[:_MAX_CHARACTERS]
    if len(_NO_CHARACTERS.findall(sample)) > _MAX_SHARE_OF_CONTROLS * len("".join(sample.split())):
        return False
    is_mapped = share_without_unicode <= _MAX_SHARE_WITHOUT_UNICODE
    counts = _count_letters(sample)
    if is_mapped and sum(counts.values()) * 2 > len(sample) and _mean_frequency(counts) > _MEAN_OF_LANGUAGE:
        return True  # most pages, without the slower checks below
    characters = [character for character in _LEADERS.sub(" ", sample) if not character.isspace()]
    if not characters:
        return True
    if not is_mapped:
        return _reads_as_latin(characters)
    return not _is_shifted(characters) and not _is_numbered(characters)


def _count_letters(text: str) -> dict[str, int]:
    """Return the number of each letter from a to z, in either case."""
    text = text.lower()
    return {letter: text.count(letter) for letter in _FREQUENCY}


def _reads_as_latin(characters: list[str]) -> bool:
    """Return whether letters of a Latin alphabet make up words, with vowels and mostly in lower case."""
    if sum(character.isalpha() and character > "\u036f" for character in characters) > 0.5 * len(characters):
        return True  # Greek, Cyrillic and others: no code becomes one of their letters by chance
    letters = [character for character in characters if character.isascii() and character.isalpha()]
    if len(letters) * 2 < len(characters):
        digits = sum(character.isdigit() for character in characters)
        known = digits + len(letters) + sum(character in _MARKS_OF_NUMBERS for character in characters)
        return digits > 0.3 * len(characters) and known > 0.8 * len(characters)
    lower = sum(character.islower() for character in letters)
    is_like_language = _mean_frequency(_count_letters("".join(letters))) > _MEAN_OF_LANGUAGE
    return is_like_language and (lower * 2 > len(letters) or _has_vowels(letters))


def _has_vowels(letters: list[str]) -> bool:
    vowels = sum(character.lower() in _VOWELS for character in letters)
    return 0.25 <= vowels / len(letters) <= 0.6


def _is_shifted(characters: list[str]) -> bool:
    """Return whether the codes of all characters are moved by the same number, as those of many subset fonts are."""
    counts = Counter(character for character in characters if "!" <= character <= "~")
    total = counts.total()
    if total < max(_MIN_LETTERS, 0.7 * len(characters)):
        return False
    mean = _mean_frequency(_moved_letters(counts, 0))
    if mean > _MEAN_OF_LANGUAGE:
        return False
    for shift in _SHIFTS:
        moved = _moved_letters(counts, shift)
        lower = sum(count for character, count in moved.items() if character.islower())
        if lower > _MIN_LOWER * total and _mean_frequency(moved) > max(mean + _MIN_GAIN, _MEAN_OF_LANGUAGE):
            return True
    return False


def _moved_letters(counts: Counter[str], shift: int) -> Counter[str]:
    """Return the letters among characters whose codes are moved."""
    moved = ((chr(ord(character) + shift), count) for character, count in counts.items())
    return Counter({character: count for character, count in moved if character.isascii() and character.isalpha()})


def _mean_frequency(counts: Mapping[str, int]) -> float:
    """Return the mean logarithm of the frequency of letters in European languages, in either case."""
    total = max(1, sum(counts.values()))
    return sum(count * (_LOGARITHMS.get(c.lower(), _MEAN_OF_OTHER_CHARACTER)) for c, count in counts.items()) / total


def _is_numbered(characters: list[str]) -> bool:
    """Return whether the codes are numbers of glyphs from "!" on: most are punctuation, and none is left out.

    Such fonts number their glyphs in the order of their first use. Expressions of programs leave out some punctuation,
    or go on to the letters in lower case.
    """
    kinds = set(characters)
    marks = sum(character.isascii() and not character.isalnum() for character in characters)
    if len(characters) < _MIN_LETTERS or marks <= 0.5 * len(characters) or max(kinds) >= "a":
        return False
    return len(kinds) >= 8 and len(kinds) >= _MIN_NUMBERED * (ord(max(kinds)) - ord("!") + 1)
