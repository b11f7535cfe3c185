"""Text that does not run from left to right: rotated, from right to left, or in vertical lines."""

import math
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from ingest.steps.parse.formats.pdf.glyphs import Glyphs, read_angles

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
STACKED = re.compile("(?:[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]\r\n){3}")
"""Characters of vertical lines as pdfium returns them: one on each line."""

_LEFT_TO_RIGHT_RUN = re.compile(r"[0-9A-Za-z]+(?:[.,:/%-][0-9A-Za-z]+)*%?")
_LINE = re.compile("[^\r\n]+")
_QUARTERS = 4


def upright_parts(glyphs: Glyphs, page_text: int) -> Iterator[Glyphs]:
    """Yield the runs of glyphs with the same rotation, turned upright. `page_text` is the address of the text page."""
    if not _is_any_rotated(glyphs, page_text):
        yield glyphs
        return
    angles = read_angles(page_text, range(len(glyphs.text)))
    start, quarter = 0, 0
    for index, angle in enumerate(angles):
        if glyphs.text[index].isspace() or glyphs.top[index] <= glyphs.bottom[index]:
            continue
        turned = round(angle / (math.pi / 2)) % _QUARTERS
        if turned != quarter:
            yield _turn(glyphs, start, index, quarter)
            start, quarter = index, turned
    yield _turn(glyphs, start, len(glyphs.text), quarter)


def _is_any_rotated(glyphs: Glyphs, page_text: int) -> bool:
    """Return whether the first or last glyph of a line is rotated."""
    ends = [index for match in _LINE.finditer(glyphs.text) for index in (match.start(), match.end() - 1)]
    return any(round(angle / (math.pi / 2)) % _QUARTERS for angle in read_angles(page_text, ends))


def _turn(glyphs: Glyphs, start: int, end: int, quarter: int) -> Glyphs:
    """Return a range of glyphs, turned by quarters of a circle. Text that runs upwards is turned by three."""
    part = slice(start, end)
    left, right, bottom, top = glyphs.left[part], glyphs.right[part], glyphs.bottom[part], glyphs.top[part]
    if quarter == 1:
        left, right, bottom, top = _negated(top), _negated(bottom), left, right
    elif quarter == 2:
        left, right, bottom, top = _negated(right), _negated(left), _negated(top), _negated(bottom)
    elif quarter == 3:
        left, right, bottom, top = bottom, top, _negated(right), _negated(left)
    turned = Glyphs(glyphs.text[part], left, right, bottom, top)
    return turned._replace(text=_with_line_ends(turned)) if quarter else turned


def _negated(values: list[float]) -> list[float]:
    return [-value for value in values]


def _with_line_ends(glyphs: Glyphs) -> str:
    """Return the text with line ends between rotated lines, which pdfium may join by a space."""
    characters = list(glyphs.text)
    for before, index in pairwise(glyphs.visible(0, len(characters))):
        is_lower = abs(glyphs.bottom[index] - glyphs.bottom[before]) > 0.5 * glyphs.height(before)
        if is_lower and index > before + 1:
            characters[before + 1] = "\n"
    return "".join(characters)


class _Word(NamedTuple):
    text: str
    left: float
    is_right_to_left: bool


def read_right_to_left(glyphs: Glyphs, text: str, visible: list[int]) -> str:
    """Return a line with letters that run from right to left, in the order of reading.

    pdfium's `text` is right except for words that it leaves in the order of the page, from left to right.
    """
    words = [list(word) for word in _words(glyphs, visible)]
    if not any(_is_in_page_order(glyphs, word) for word in words):
        return text
    read = [_read_word(glyphs, word) for word in words]
    rising = sum(second.left > first.left for first, second in pairwise(read))
    if rising * 2 > len(read) - 1 and sum(word.is_right_to_left for word in read) * 2 > len(read):
        read = _reversed_words(read)
    return " ".join(word.text for word in read)


def _words(glyphs: Glyphs, visible: list[int]) -> Iterator[list[int]]:
    word = visible[:1]
    for before, index in pairwise(visible):
        if index > before + 1:
            yield word
            word = []
        word.append(index)
    yield word


def _is_in_page_order(glyphs: Glyphs, word: list[int]) -> bool:
    """Return whether letters that read from right to left are stored from left to right."""
    letters = [glyphs.left[index] for index in word if RIGHT_TO_LEFT.match(glyphs.text[index])]
    return sum(second > first for first, second in pairwise(letters)) * 2 > len(letters) - 1 > 0


def _read_word(glyphs: Glyphs, word: list[int]) -> _Word:
    is_right_to_left = any(RIGHT_TO_LEFT.match(glyphs.text[index]) for index in word)
    left = glyphs.left[word[0]]
    if not _is_in_page_order(glyphs, word):
        return _Word("".join(glyphs.text[index] for index in word), left, is_right_to_left)
    turned = "".join(glyphs.text[index] for index in sorted(word, key=lambda index: -glyphs.left[index]))
    return _Word(_LEFT_TO_RIGHT_RUN.sub(lambda match: match[0][::-1], turned), left, True)


def _reversed_words(words: list[_Word]) -> list[_Word]:
    """Return words in reverse order, but the words of a phrase from left to right in their own."""
    phrases: list[list[_Word]] = []
    for word in words:
        if phrases and not word.is_right_to_left and not phrases[-1][-1].is_right_to_left:
            phrases[-1].append(word)
        else:
            phrases.append([word])
    return [word for phrase in reversed(phrases) for word in phrase]
