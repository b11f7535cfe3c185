"""Where a chunk comes from in its file: what a citation needs (deploy/docs/api-contract.md section 7).

A location is JSON and travels as it is: in the payload of a point, in search results and in archives.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from ingest.steps.parse import ParsedText
from ingest.steps.parse.parsed import Heading, Section, Table

Location = dict[str, Any]
"""Keys, of which only `start` and `end` are always present:

- `start`, `end`: characters of the file's parsed text.
- `header`: [start, end] of the header row that the chunk repeats before its own text.
- `pages`, `slides`: [first, last], from 1.
- `sheet`, `rows`: the name of the sheet in which the chunk starts, and [first, last] of its rows there.
- `chapter`, `message`: the name of the chapter of a book or the message of a mailbox.
- `attachments`: the names of the files inside the file, from the outermost, in which the chunk starts.
- `headings`: the titles above the start of the chunk, from the highest level.
"""

_NAMES = ("sheet", "chapter", "message")
_NUMBERED_KINDS = {"page": "pages", "slide": "slides"}
_CONTAINERS = frozenset(["attachment", "message", "sheet", "slide"])


def names_above(location: Location) -> tuple[str, ...]:
    """Return the names of the parts of a file around a chunk, from the outermost, and the titles of its headings."""
    names = [*location.get("attachments", ()), *(location[key] for key in _NAMES if key in location)]
    return (*names, *location.get("headings", ()))


class Locator:
    """Finds the locations of the chunks of one file."""

    def __init__(self, parsed: ParsedText) -> None:
        self._text = parsed.text
        self._sections = parsed.sections
        self._section_starts = [section.start for section in parsed.sections]
        self._section_parents = _containers(parsed.sections)
        self._headings = parsed.headings
        self._heading_starts = [heading.start for heading in parsed.headings]
        self._heading_parents = _higher_headings(parsed.headings)
        self._tables = parsed.tables
        self._table_starts = [table.start for table in parsed.tables]

    def locate(self, start: int, end: int, header: tuple[int, int] | None = None) -> Location:
        """Return the location of characters [start, end). White space at its beginning does not count."""
        location: Location = {"start": start, "end": end}
        if header is not None:
            location["header"] = list(header)
        first = start
        while first < end - 1 and self._text[first].isspace():
            first += 1
        sections = self._sections_around(first)
        if sections:
            location |= self._describe_sections(sections, end)
        if self._tables:
            location |= self._locate_rows(first, end)
        if titles := self._titles(first, sections):
            location["headings"] = titles
        return location

    def _sections_around(self, offset: int) -> list[int]:
        """Return the indexes of the sections that contain a character, the innermost first."""
        around = []
        index = bisect_right(self._section_starts, offset) - 1
        while index >= 0:
            if self._sections[index].end > offset:
                around.append(index)
            index = self._section_parents[index]
        return around

    def _describe_sections(self, around: Sequence[int], end: int) -> Location:
        location: Location = {}
        attachments: list[str] = []
        for index in around:  # only the sections of the innermost file are described
            section = self._sections[index]
            if section.kind == "attachment":
                attachments.insert(0, section.name)
            elif not attachments and section.kind in _NUMBERED_KINDS:
                location.setdefault(_NUMBERED_KINDS[section.kind], [section.number, self._last_number(index, end)])
            elif not attachments:
                location.setdefault(section.kind, section.name)
        if attachments:
            location["attachments"] = attachments
        return location

    def _last_number(self, index: int, end: int) -> int:
        """Return the number of the last section before `end` that is of the same kind and in the same container."""
        first, parent = self._sections[index], self._section_parents[index]
        if first.end >= end:
            return first.number
        if parent >= 0:
            end = min(end, self._sections[parent].end)
        other = bisect_left(self._section_starts, end) - 1
        while other > index and (self._section_parents[other] != parent or self._sections[other].kind != first.kind):
            other = max(self._section_parents[other], index)
        return self._sections[other].number

    def _locate_rows(self, first: int, end: int) -> Location:
        """Return the rows of the table in which the chunk starts, or of the first table in it."""
        after = bisect_right(self._table_starts, first)
        candidates = self._tables[max(0, after - 1) : after + 1]
        table = next((t for t in candidates if t.start < end and t.end > first), None)
        if table is None or not table.row_numbers:
            return {}
        start = max(first, table.start)
        stop = min(end, table.end)
        while stop > start + 1 and self._text[stop - 1].isspace():
            stop -= 1
        return {"rows": [self._row_at(table, start), self._row_at(table, stop - 1)]}

    def _row_at(self, table: Table, offset: int) -> int:
        position = bisect_right(table.row_numbers, (offset, 2**62)) - 1
        start, number = table.row_numbers[max(0, position)]
        return number + self._text.count("\n", start, offset)

    def _titles(self, first: int, around: Sequence[int]) -> list[str]:
        """Return the titles of the headings above character `first`, each of a higher level than the next."""
        # The headings of a container say nothing about the text before it.
        floor = next((s.start for s in map(self._sections.__getitem__, around) if s.kind in _CONTAINERS), 0)
        titles: list[str] = []
        index = bisect_right(self._heading_starts, first) - 1
        while index >= 0 and self._headings[index].start >= floor:
            titles.insert(0, self._headings[index].title)
            index = self._heading_parents[index]
        return titles


def _containers(sections: Sequence[Section]) -> list[int]:
    """Return for each section the index of the section that contains it, or -1."""
    parents: list[int] = []
    around: list[int] = []
    for index, section in enumerate(sections):
        while around and sections[around[-1]].end <= section.start:
            around.pop()
        parents.append(around[-1] if around else -1)
        around.append(index)
    return parents


def _higher_headings(headings: Sequence[Heading]) -> list[int]:
    """Return for each heading the index of the last one before it of a higher level, or -1."""
    parents: list[int] = []
    above: list[int] = []
    for index, heading in enumerate(headings):
        while above and headings[above[-1]].level >= heading.level:
            above.pop()
        parents.append(above[-1] if above else -1)
        above.append(index)
    return parents
