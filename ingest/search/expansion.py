"""Expansion: each result grows by the chunks before and after it in its file.

Chunks repeat the end of the one before. Their locations say how much, so that no text is shown twice. Results of one file
that overlap after that become one result, at the place and with the score of the better one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

from ingest.search.passages import RankedPassage
from ingest.services import Services
from ingest.steps.index import PointKey, StoredText
from ingest.steps.location import Location

MAX_READ_CHARACTERS = 4_000_000
"""Characters of neighbours in one answer. Results of lower rank then stay as they are."""

_PAGE = 256
"""Chunks per request to the index: about 1 MB of text with chunks of the default size."""

_PLACES = ("attachments", "message", "chapter", "sheet")
"""Ranges of pages, slides and rows are joined only within one of these."""

_RANGES = ("pages", "slides", "rows")

Chunks = Mapping[PointKey, StoredText]


@dataclass(frozen=True)
class _Span:
    """The chunks `first` to `last` of one version of a file, and the results in them, best first."""

    row: int
    generation: int
    first: int
    last: int
    passages: tuple[RankedPassage, ...]

    def overlaps(self, other: "_Span", chunks: Chunks) -> bool:
        """Return whether the spans have a chunk in common, or neighbouring chunks that share text."""
        if (self.row, self.generation) != (other.row, other.generation):
            return False
        if self.first <= other.last and other.first <= self.last:
            return True
        before, after = (self, other) if self.last < other.first else (other, self)
        return before.last + 1 == after.first and _share_text(
            chunks[before._key(before.last)], chunks[after._key(after.first)]
        )

    def joined(self, other: "_Span") -> "_Span":
        first, last = min(self.first, other.first), max(self.last, other.last)
        return replace(self, first=first, last=last, passages=self.passages + other.passages)

    def numbers(self) -> range:
        return range(self.first, self.last + 1)

    def _key(self, number: int) -> PointKey:
        return PointKey(self.row, self.generation, number)

    def merged(self, chunks: Chunks) -> RankedPassage:
        """Return the best passage with the text and the location of all chunks."""
        best = self.passages[0]
        parts = [chunks[self._key(number)] for number in self.numbers()]
        if len(parts) == 1:
            return best
        hit = replace(best.hit, text=join_texts(parts), location=join_locations(parts))
        others = tuple(each for passage in self.passages for each in passage.duplicates)
        return replace(best, hit=hit, duplicates=others)


def expand(services: Services, passages: Sequence[RankedPassage], neighbours: int) -> list[RankedPassage]:
    """Return the passages with up to `neighbours` chunks before and after each, in the order of their ranks.

    There may be fewer than before, because passages that overlap then become one.
    """
    chunks = _read_neighbours(services, passages, neighbours)
    spans: list[_Span] = []
    for passage in passages:
        span = _span(passage, neighbours, chunks)
        # A new span may connect several: they all become one, at the place of the best.
        touched = [index for index, each in enumerate(spans) if each.overlaps(span, chunks)]
        if not touched:
            spans.append(span)
            continue
        for index in touched[1:]:
            spans[touched[0]] = spans[touched[0]].joined(spans[index])
        spans[touched[0]] = spans[touched[0]].joined(span)
        spans = [each for index, each in enumerate(spans) if index not in touched[1:]]
    return [span.merged(chunks) for span in spans]


def join_texts(parts: Sequence[StoredText]) -> str:
    """Return the text of neighbouring chunks as it is in the file, below the header row of the first one."""
    text = parts[0].text
    for before, after in pairwise(parts):
        body = _body(after)
        if _is_exact(before) and _is_exact(after):
            shared = _end(before) - _start(after)
            text += body[shared:] if shared >= 0 else "\n" + body
        else:  # points of older versions have no location
            text += body[_repeated(text, body) :]
    return text


def join_locations(parts: Sequence[StoredText]) -> Location | None:
    """Return the location of neighbouring chunks: that of the first, up to the end of the last."""
    if any(part.location is None for part in parts):
        return None
    location: Location = dict(parts[0].location or {})
    place = _place(location)
    for part in parts[1:]:
        other = part.location or {}
        location["end"] = max(location["end"], other["end"])
        for name in _RANGES:
            if name in other and _place(other) == place:
                first, last = location.get(name, other[name])
                location[name] = [min(first, other[name][0]), max(last, other[name][1])]
    return location


def _read_neighbours(services: Services, passages: Sequence[RankedPassage], neighbours: int) -> Chunks:
    """Return the texts of the passages and of the chunks around them, as far as they exist and are not too long."""
    keys_by_model: dict[str, dict[PointKey, None]] = {}
    for passage in passages:
        hit = passage.hit
        numbers = range(max(0, hit.number - neighbours), hit.number + neighbours + 1)
        around = (PointKey(hit.row, hit.generation, number) for number in numbers)
        keys_by_model.setdefault(passage.model, {}).update(dict.fromkeys(around))
    own = {_key(passage): StoredText(passage.hit.text, passage.hit.location) for passage in passages}
    files = {passage.hit.row: passage.file.file_id for passage in passages}
    chunks: dict[PointKey, StoredText] = {}
    for model, keys in keys_by_model.items():
        index = services.index_of(model)
        rest = iter([key for key in keys if key not in own])
        while (page := list(islice(rest, _PAGE))) and _characters(chunks) < MAX_READ_CHARACTERS:
            with services.breakers["qdrant"].guard():
                found = index.read_texts(page)
            chunks |= {key: text for key, text in found.items() if text.file_id == files[key.row]}
    return chunks | own


def _characters(chunks: Chunks) -> int:
    return sum(len(chunk.text) for chunk in chunks.values())


def _key(passage: RankedPassage) -> PointKey:
    return PointKey(passage.hit.row, passage.hit.generation, passage.hit.number)


def _span(passage: RankedPassage, neighbours: int, chunks: Chunks) -> _Span:
    """Return the chunks around a passage, without those beyond a missing one."""
    row, generation, number = _key(passage)
    first = last = number
    while number - first < neighbours and (row, generation, first - 1) in chunks:
        first -= 1
    while last - number < neighbours and (row, generation, last + 1) in chunks:
        last += 1
    return _Span(row, generation, first, last, (passage,))


def _share_text(before: StoredText, after: StoredText) -> bool:
    return _is_exact(before) and _is_exact(after) and _start(after) < _end(before)


def _body(part: StoredText) -> str:
    """Return the text of a chunk without the header row that it repeats."""
    header = (part.location or {}).get("header")
    return part.text[header[1] - header[0] + 1 :] if header else part.text


def _is_exact(part: StoredText) -> bool:
    """Return whether the location tells for each character where in the file it is."""
    return part.location is not None and len(_body(part)) == _end(part) - _start(part)


def _start(part: StoredText) -> int:
    return int((part.location or {})["start"])


def _end(part: StoredText) -> int:
    return int((part.location or {})["end"])


def _repeated(text: str, following: str) -> int:
    """Return how many characters at the end of `text` are the beginning of `following`."""
    at = text.find(following[:_PROBE], max(0, len(text) - len(following)))
    while at >= 0:
        if following.startswith(text[at:]):
            return len(text) - at
        at = text.find(following[:_PROBE], at + 1)
    return 0


_PROBE = 16
"""Fewer equal characters are taken for chance."""


def _place(location: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(location.get(name) for name in _PLACES)
