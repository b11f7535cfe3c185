"""The automatic paragraph numbers of Word: they are not in the text, so they are counted as Word counts them."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree

_LEVELS = 9
_MAX_NUMBER = 10_000  # Roman numerals and letters of larger numbers would be long
_CACHED_DEFINITIONS = 8
_MAX_CACHED_BYTES = 2**19  # of XML; the parsed definitions take several times as much
_PLACEHOLDER = re.compile(r"%([1-9])")
_XML_OPTIONS = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
_ROMAN: tuple[tuple[int, str], ...] = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x")),
    *((9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)


@dataclass(frozen=True)
class ListLevel:
    """How one level of a list is numbered. In `pattern`, %1 to %9 stand for the numbers of the levels."""

    style: str = "bullet"
    pattern: str = ""
    start: int = 1


@dataclass(frozen=True)
class _List:
    counters: str  # lists with the same counters continue each other's numbers
    levels: dict[int, ListLevel]
    restarts: dict[int, int]  # level -> number at which this list restarts it


@dataclass(frozen=True)
class ListPosition:
    """A level of a list; an empty `list_id` stands for no list."""

    list_id: str = ""
    level: int = 0


@dataclass
class Numbering:
    """The lists of one document and their current numbers."""

    lists: dict[str, _List] = field(default_factory=dict)
    styles: dict[str, ListPosition] = field(default_factory=dict)
    _counters: dict[str, list[int | None]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    def count_paragraph(self, position: ListPosition) -> str:
        """Count a paragraph at a position. Return its number as Word shows it, "" for a bullet or an unknown list."""
        list_ = self.lists.get(position.list_id)
        if list_ is None or position.level not in list_.levels:
            return ""
        counters = self._counters.setdefault(list_.counters, [None] * _LEVELS)
        self._advance(position, list_, counters)
        level = list_.levels[position.level]
        if level.style in ("bullet", "none"):
            return ""
        return _PLACEHOLDER.sub(
            lambda match: _format_level(int(match[1]) - 1, list_.levels, counters), level.pattern
        ).strip()

    def _advance(self, position: ListPosition, list_: _List, counters: list[int | None]) -> None:
        previous = counters[position.level]
        if position.level in list_.restarts and (position.list_id, position.level) not in self._started:
            self._started.add((position.list_id, position.level))
            counters[position.level] = list_.restarts[position.level]
        else:
            counters[position.level] = list_.levels[position.level].start if previous is None else previous + 1
        counters[position.level + 1 :] = [None] * (_LEVELS - position.level - 1)


def read_numbering(archive: zipfile.ZipFile) -> Numbering:
    """Return the lists of word/numbering.xml and word/styles.xml; none where these are missing or damaged.

    Documents made from one template have the same definitions, which are often longer than the text, so the last few
    are cached.
    """
    definitions, styles = _read_part(archive, "word/numbering.xml"), _read_part(archive, "word/styles.xml")
    is_cacheable = len(definitions) + len(styles) <= _MAX_CACHED_BYTES
    parse = _parse_definitions_cached if is_cacheable else _parse_definitions
    return Numbering(*parse(definitions, styles))


def _read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except KeyError:
        return b""


def _parse_definitions(definitions: bytes, styles: bytes) -> tuple[dict[str, _List], dict[str, ListPosition]]:
    numbering_root, styles_root = _parse_xml(definitions), _parse_xml(styles)
    if numbering_root is None:
        return {}, {}
    return _lists(numbering_root), {} if styles_root is None else _styles(styles_root)


_parse_definitions_cached = lru_cache(_CACHED_DEFINITIONS)(_parse_definitions)


def _parse_xml(xml: bytes) -> Any:
    try:
        return etree.fromstring(xml, etree.XMLParser(**_XML_OPTIONS))
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        return None


def _lists(root: Any) -> dict[str, _List]:
    abstract = {attribute(node, "abstractNumId"): _levels(node) for node in children(root, "abstractNum")}
    lists = {}
    for node in children(root, "num"):
        counters = _child_value(node, "abstractNumId")
        levels, restarts = dict(abstract.get(counters, {})), {}
        for override in children(node, "lvlOverride"):
            own_levels = _levels(override)
            levels |= own_levels
            number, start = _to_int(attribute(override, "ilvl")), _child_value(override, "startOverride")
            if start or number in own_levels:
                restarts[number] = _to_int(start) if start else own_levels[number].start
        lists[attribute(node, "numId")] = _List(counters, levels, restarts)
    return lists


def _levels(node: Any) -> dict[int, ListLevel]:
    levels = {}
    for level in children(node, "lvl"):
        number = _to_int(attribute(level, "ilvl"))
        if number < _LEVELS:
            pattern = _child_value(level, "lvlText")[:100]
            levels[number] = ListLevel(
                _child_value(level, "numFmt") or "decimal", pattern, _to_int(_child_value(level, "start"))
            )
    return levels


def _styles(root: Any) -> dict[str, ListPosition]:
    """Return the positions of numbered styles, whether set in the style or in one it is based on."""
    own: dict[str, ListPosition] = {}
    based_on: dict[str, str] = {}
    for style in children(root, "style"):
        name = attribute(style, "styleId")
        based_on[name] = _child_value(style, "basedOn")
        for properties in children(style, "pPr"):
            for number_properties in children(properties, "numPr"):
                own[name] = ListPosition(
                    _child_value(number_properties, "numId"),
                    min(_to_int(_child_value(number_properties, "ilvl")), _LEVELS - 1),
                )
    positions = {}
    for name in based_on:
        ancestor, steps = name, 0
        while ancestor not in own and ancestor in based_on and steps < 20:  # a damaged file may have a cycle
            ancestor, steps = based_on[ancestor], steps + 1
        if ancestor in own:
            positions[name] = own[ancestor]
    return positions


def _format_level(level: int, levels: dict[int, ListLevel], counters: list[int | None]) -> str:
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
        case "lowerLetter" | "upperLetter":  # Word continues z with aa, bb, cc
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
    """Return the children of this name, in any namespace."""
    elements: Iterator[Any] = node.iterchildren(f"{{*}}{name}")
    return elements


def _child_value(node: Any, name: str) -> str:
    """Return the `val` attribute of the first child of this name, "" if there is none."""
    child = next(children(node, name), None)
    return "" if child is None else attribute(child, "val")


def attribute(node: Any, name: str) -> str:
    """Return an attribute in the node's own namespace, "" if it is missing."""
    text: str = node.get(f"{node.tag.rpartition('}')[0]}}}{name}", "")
    return text


def _to_int(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
