"""The numbers that Word writes before paragraphs by itself, counted as it counts them."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

_LEVELS = 9
_MAX_NUMBER = 10_000  # more would make Roman numerals and letters long
_KEPT = 8
_KEPT_BYTES = 2**19  # of one document; what is made of them takes some times as much
_PLACE = re.compile(r"%([1-9])")
_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
_ROMAN: tuple[tuple[int, str], ...] = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x")),
    *((9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(frozen=True)
class Level:
    """How one level of a list is numbered: "%1.%2)" with the numbers of the first two levels, the first from `start`."""

    style: str = "bullet"
    pattern: str = ""
    start: int = 1


@dataclass(frozen=True)
class _List:
    counters: str  # lists with the same ones go on counting where the other stopped
    levels: dict[int, Level]
    restarts: dict[int, int]  # level -> number at which this list begins anew


@dataclass(frozen=True)
class Place:
    """Which level of which list a style's paragraphs belong to; `list_id` "" is none."""

    list_id: str = ""
    level: int = 0


@dataclass
class Numbering:
    """The lists of one document, and how far they have counted."""

    lists: dict[str, _List] = field(default_factory=dict)
    styles: dict[str, Place] = field(default_factory=dict)
    _counted: dict[str, list[int | None]] = field(default_factory=dict)
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def next(self, place: Place) -> str:
        """Count a paragraph there; return its number as Word shows it, "" where that is a bullet or unknown."""
        found = self.lists.get(place.list_id)
        if found is None or place.level not in found.levels:
            return ""
        counters = self._counted.setdefault(found.counters, [None] * _LEVELS)
        self._count(place, found, counters)
        level = found.levels[place.level]
        if level.style in ("bullet", "none"):
            return ""
        return _PLACE.sub(lambda match: _shown(int(match[1]) - 1, found.levels, counters), level.pattern).strip()

    def _count(self, place: Place, found: _List, counters: list[int | None]) -> None:
        before = counters[place.level]
        if place.level in found.restarts and (place.list_id, place.level) not in self._begun:
            self._begun.add((place.list_id, place.level))
            counters[place.level] = found.restarts[place.level]
        else:
            counters[place.level] = found.levels[place.level].start if before is None else before + 1
        counters[place.level + 1 :] = [None] * (_LEVELS - place.level - 1)


def read_numbering(archive: zipfile.ZipFile) -> Numbering:
    """Return what word/numbering.xml and word/styles.xml say; nothing where they are missing or damaged.

    Documents made from one template have the same ones, and these are often longer than the text: what was read in the
    last few is kept.
    """
    definitions, styles = _part(archive, "word/numbering.xml"), _part(archive, "word/styles.xml")
    read = _kept if len(definitions) + len(styles) <= _KEPT_BYTES else _read
    return Numbering(*read(definitions, styles))


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except KeyError:
        return b""


def _read(definitions: bytes, styles: bytes) -> tuple[dict[str, _List], dict[str, Place]]:
    lists, named = _root(definitions), _root(styles)
    if lists is None:
        return {}, {}
    return _lists(lists), {} if named is None else _styles(named)


_kept = lru_cache(_KEPT)(_read)


def _root(xml: bytes) -> Any:
    try:
        return etree.fromstring(xml, etree.XMLParser(**_PARSER))
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        return None


def _lists(root: Any) -> dict[str, _List]:
    abstract = {value(node, "abstractNumId"): _levels(node) for node in children(root, "abstractNum")}
    lists = {}
    for node in children(root, "num"):
        counters = _text(node, "abstractNumId")
        levels, restarts = dict(abstract.get(counters, {})), {}
        for override in children(node, "lvlOverride"):
            own = _levels(override)
            levels |= own
            number, start = _number(value(override, "ilvl")), _text(override, "startOverride")
            if start or number in own:
                restarts[number] = _number(start) if start else own[number].start
        lists[value(node, "numId")] = _List(counters, levels, restarts)
    return lists


def _levels(node: Any) -> dict[int, Level]:
    found = {}
    for level in children(node, "lvl"):
        number = _number(value(level, "ilvl"))
        if number < _LEVELS:
            pattern = _text(level, "lvlText")[:100]
            found[number] = Level(_text(level, "numFmt") or "decimal", pattern, _number(_text(level, "start")))
    return found


def _styles(root: Any) -> dict[str, Place]:
    """Styles whose paragraphs are numbered, by themselves or through the style they are based on."""
    own: dict[str, Place] = {}
    based_on: dict[str, str] = {}
    for style in children(root, "style"):
        name = value(style, "styleId")
        based_on[name] = _text(style, "basedOn")
        for properties in children(style, "pPr"):
            for numbered in children(properties, "numPr"):
                own[name] = Place(_text(numbered, "numId"), min(_number(_text(numbered, "ilvl")), _LEVELS - 1))
    found = {}
    for name in based_on:
        ancestor, steps = name, 0
        while ancestor not in own and ancestor in based_on and steps < 20:  # a damaged file may go round in circles
            ancestor, steps = based_on[ancestor], steps + 1
        if ancestor in own:
            found[name] = own[ancestor]
    return found


def _shown(level: int, levels: dict[int, Level], counters: list[int | None]) -> str:
    if level not in levels:
        return ""
    number = counters[level]
    return _format(levels[level].start if number is None else number, levels[level].style)


def _format(number: int, style: str) -> str:
    if not 0 < number < _MAX_NUMBER:
        return str(number)
    match style:
        case "decimalZero":
            return f"{number:02}"
        case "lowerLetter" | "upperLetter":  # after z come aa, bb, cc
            letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
            return letters.upper() if style == "upperLetter" else letters
        case "lowerRoman" | "upperRoman":
            return _roman(number).upper() if style == "upperRoman" else _roman(number)
        case _:
            return str(number)


def _roman(number: int) -> str:
    digits = ""
    for value, digit in _ROMAN:
        digits += digit * (number // value)
        number %= value
    return digits


def children(node: Any, name: str) -> Iterator[Any]:
    """The children of that name, in whatever namespace."""
    found: Iterator[Any] = node.iterchildren(f"{{*}}{name}")
    return found


def _text(node: Any, name: str) -> str:
    """Return the `val` of the first child of that name, "" if there is none."""
    child = next(children(node, name), None)
    return "" if child is None else value(child, "val")


def value(node: Any, name: str) -> str:
    """What an attribute of the node's own namespace says, "" if it is not there."""
    found: str = node.get(f"{node.tag.rpartition('}')[0]}}}{name}", "")
    return found


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
