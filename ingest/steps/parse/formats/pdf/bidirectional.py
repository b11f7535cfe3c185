"""Lines with letters that run from right to left, in the order of reading.

A page says where its glyphs are, and producers store them in the order of the page or of reading. The places of the
glyphs decide therefore, by the rules of the Unicode bidirectional algorithm (UAX #9) turned round.
"""

import re
import unicodedata

from ingest.steps.parse.formats.pdf.glyphs import Glyphs

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_RIGHT_TO_LEFT_LETTER = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_LETTER = "\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufeff"
_RUN = re.compile(rf"[{_RIGHT_TO_LEFT_LETTER}](?:[^A-Za-z\u00c0-\u058f]*[{_RIGHT_TO_LEFT_LETTER}])?")
_LETTER = "A-Za-z\u00aa-\u058f\u0900-\u1fff\u2c00-\ud7ff"
_DIGIT = "0-9\u0660-\u0669\u06f0-\u06f9"
_NUMBER = rf"[$€£₪#]?[{_DIGIT}]+(?:[.,:/٫٬-][{_DIGIT}]+)*[%°$€£₪]?"
_LEFT_TO_RIGHT = re.compile(rf"[{_LETTER}](?:[^{_RIGHT_TO_LEFT_LETTER}]*[{_LETTER}{_DIGIT}])?|{_NUMBER}")
_BACKWARDS = re.compile(rf"[{_RIGHT_TO_LEFT_LETTER}](?:[^{_LETTER}]*[{_RIGHT_TO_LEFT_LETTER}])?")
_LEFT_TO_RIGHT_LETTER = re.compile(f"[{_LETTER}]")
_BRACKET = re.compile(r"[()\[\]{}]")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_ALEFS = frozenset("اأإآ")
_LAM = "ل"
_SPACE = 0.04
_WIDE_SPACE = 0.2
"""Shares of the height of a glyph."""


def is_right_to_left(text: str) -> bool:
    """Return whether most letters of a line run from right to left."""
    return 2 * len(RIGHT_TO_LEFT.findall(text)) > len(RIGHT_TO_LEFT.findall(text)) + len(
        _LEFT_TO_RIGHT_LETTER.findall(text)
    )


def read_line(glyphs: Glyphs, visible: list[int]) -> str:
    """Return a line most letters of which run from right to left."""
    return _read_backwards(_from_left(glyphs, visible))


def split_runs(glyphs: Glyphs, visible: list[int]) -> list[tuple[bool, list[int]]]:
    """Return the parts of a line from left to right: (whether it runs from right to left, its glyphs)."""
    text = "".join(glyphs.text[index] for index in visible)
    parts, end = [], 0
    for match in _BACKWARDS.finditer(text):
        parts += [(False, visible[end : match.start()]), (True, visible[match.start() : match.end()])]
        end = match.end()
    parts.append((False, visible[end:]))
    return [(is_backwards, part) for is_backwards, part in parts if part]


def _from_left(glyphs: Glyphs, visible: list[int]) -> list[str]:
    """Return letters with their marks, and spaces, in the order of their places from left to right."""
    written: list[str] = []
    before: list[int] = []
    first, last = min(visible), max(visible)
    spaces = sorted(glyphs.left[index] for index in range(first, last) if glyphs.text[index].isspace())
    for cluster in sorted(_clusters(glyphs, visible), key=lambda cluster: glyphs.left[cluster[0]]):
        if before and _has_space(glyphs, before, cluster[0], spaces):
            written.append(" ")
        text = "".join(glyphs.text[index] for index in cluster)
        written.append(_LAM + text[0] if text[0] in _ALEFS and text[1:] == _LAM else text)
        before = cluster
    return written


def _has_space(glyphs: Glyphs, before: list[int], index: int, spaces: list[float]) -> bool:
    """Return whether there is a wide gap between two neighbours, or a gap where pdfium has one of its spaces."""
    start, end = max(glyphs.right[place] for place in before), glyphs.left[index]
    height = max(glyphs.height(before[0]), glyphs.height(index))
    if end - start > _WIDE_SPACE * height:
        return True
    slack = _SPACE * height
    return end - start > _SPACE * height and any(start - slack <= space <= end + slack for space in spaces)


def _clusters(glyphs: Glyphs, visible: list[int]) -> list[list[int]]:
    """Return letters with their marks, and the letters of ligatures, which have the same place."""
    clusters: list[list[int]] = []
    for index in visible:
        if clusters and (
            unicodedata.combining(glyphs.text[index])
            or (glyphs.left[index] == glyphs.left[index - 1] and glyphs.right[index] == glyphs.right[index - 1])
        ):
            clusters[-1].append(index)
        else:
            clusters.append([index])
    return clusters


def _read_backwards(clusters: list[str]) -> str:
    """Return clusters from right to left, but words and numbers of other scripts from left to right."""
    first_characters = "".join(cluster[0] for cluster in clusters)
    pieces: list[tuple[bool, str]] = []
    end = len(clusters)
    for match in reversed(list(_LEFT_TO_RIGHT.finditer(first_characters))):
        pieces.append((True, "".join(reversed(clusters[match.end() : end]))))
        pieces.append((False, "".join(clusters[match.start() : match.end()])))
        end = match.start()
    pieces.append((True, "".join(reversed(clusters[:end]))))
    bracket = _BRACKET.search("".join(piece for is_backwards, piece in pieces if is_backwards))
    if bracket is None or bracket[0] in "([{":
        return "".join(piece for _, piece in pieces)
    return "".join(piece.translate(_MIRRORED) if is_backwards else piece for is_backwards, piece in pieces)
