"""The outline of a PDF (ISO 32000-2, 12.3.3) as headings: find the line of a page that a bookmark points to."""

import re
from collections import defaultdict
from typing import NamedTuple

import pypdfium2

from ingest.steps.parse.formats.pdf.strings import one_line

_MAX_BOOKMARKS = 10_000
_MAX_LEVEL = 6
_MAX_LINES_OF_HEADING = 3
_MIN_TITLE = 2
_PUNCTUATION = re.compile(r"[\W_]+")


class Bookmark(NamedTuple):
    """An entry of the outline. Level 1 is the highest."""

    title: str
    level: int


class PlacedHeading(NamedTuple):
    """A heading in the text of a page: characters [start, end)."""

    start: int
    end: int
    bookmark: Bookmark


def read_bookmarks(document: pypdfium2.PdfDocument) -> dict[int, list[Bookmark]]:
    """Return the bookmarks by the index of their page, in the order of the outline."""
    bookmarks: dict[int, list[Bookmark]] = defaultdict(list)
    try:
        for number, entry in enumerate(document.get_toc(max_depth=_MAX_LEVEL)):
            if number >= _MAX_BOOKMARKS:
                break
            destination = entry.get_dest()
            page = None if destination is None else destination.get_index()
            title = one_line(entry.get_title())
            if page is not None and len(title) >= _MIN_TITLE:
                bookmarks[page].append(Bookmark(title, min(entry.level + 1, _MAX_LEVEL)))
    except pypdfium2.PdfiumError:  # a damaged outline ends here
        pass
    return bookmarks


def place_headings(text: str, bookmarks: list[Bookmark]) -> list[PlacedHeading]:
    """Return the lines of a page's text that are the headings of its bookmarks, from the top.

    A bookmark whose title is not on the page starts at the page's first line, if no heading is above it.
    """
    lines = _lines(text)
    placed: list[PlacedHeading] = []
    missing: list[Bookmark] = []
    first = 0
    for bookmark in bookmarks:
        found = _find(lines, bookmark.title, first)
        if found is None:
            missing.append(bookmark)
            continue
        first, end = found
        placed.append(PlacedHeading(lines[first][0], lines[end - 1][1], bookmark))
        first = end
    if lines and missing and (not placed or placed[0].start > lines[0][0]) and missing[0] == bookmarks[0]:
        placed.insert(0, PlacedHeading(lines[0][0], lines[0][1], missing[0]))
    return placed


def _lines(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and compared form of each line that is not blank."""
    lines, start = [], 0
    for line in text.split("\n"):
        if compared := _compared(line):
            lines.append((start, start + len(line), compared))
        start += len(line) + 1
    return lines


def _find(lines: list[tuple[int, int, str]], title: str, first: int) -> tuple[int, int] | None:
    """Return the range of lines that say the title, with or without a number before it."""
    wanted = _compared(title)
    if not wanted:
        return None
    for start in range(first, len(lines)):
        said = ""
        for end in range(start, min(start + _MAX_LINES_OF_HEADING, len(lines))):
            said += lines[end][2]
            if _is_title(said, wanted):
                return start, end + 1
            if len(said) > len(wanted) + 12:
                break
    return None


def _is_title(said: str, wanted: str) -> bool:
    shorter, longer = sorted((said, wanted), key=len)
    if shorter == longer:
        return True
    number = longer[: -len(shorter)] if longer.endswith(shorter) else ""
    return bool(number) and len(number) <= 12 and (number[-1].isdigit() or number in _NUMBER_WORDS)


_NUMBER_WORDS = frozenset({"chapter", "section", "part", "appendix", "annex"})


def _compared(text: str) -> str:
    return _PUNCTUATION.sub("", text).casefold()
