"""The automatic paragraph numbers of Word: they are not in the text, so they are counted as Word counts them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.docx.number_formats import format_number
from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, children, is_on, to_int

LEVELS = 9
_PLACEHOLDER = re.compile(r"%([1-9])")


@dataclass(frozen=True)
class ListLevel:
    """How one level of a list is numbered. In `pattern`, %1 to %9 stand for the numbers of the levels.

    `restart` is the number of upper levels, counted from 1, whose next item restarts this level; 0 for none.
    `style` is the paragraph style that has this level.
    """

    number_format: str = "bullet"
    pattern: str = ""
    start: int = 1
    restart: int = LEVELS
    is_legal: bool = False
    style: str = ""


@dataclass(frozen=True)
class List:
    """A list of the document. Lists with the same `counters` continue each other's numbers."""

    counters: str
    levels: dict[int, ListLevel]
    restarts: dict[int, int]  # level -> number at which this list restarts it


@dataclass(frozen=True)
class ListPosition:
    """A level of a list; an empty `list_id` stands for no list."""

    list_id: str = ""
    level: int = 0


NO_LIST = ListPosition()


@dataclass
class Numbering:
    """The lists of one document and their current numbers."""

    lists: dict[str, List] = field(default_factory=dict)
    _counters: dict[str, list[int | None]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    def count_paragraph(self, position: ListPosition) -> str:
        """Count a paragraph at a position. Return its number as Word shows it, "" for a bullet or an unknown list."""
        list_ = self.lists.get(position.list_id)
        if list_ is None or position.level not in list_.levels:
            return ""
        counters = self._counters.setdefault(list_.counters, [None] * LEVELS)
        self._advance(position, list_, counters)
        level = list_.levels[position.level]
        if level.number_format in ("bullet", "none") and "%" not in level.pattern:
            return ""
        return _PLACEHOLDER.sub(
            lambda match: _format_level(int(match[1]) - 1, level, list_.levels, counters), level.pattern
        ).strip()

    def _advance(self, position: ListPosition, list_: List, counters: list[int | None]) -> None:
        previous = counters[position.level]
        if position.level in list_.restarts and (position.list_id, position.level) not in self._started:
            self._started.add((position.list_id, position.level))
            counters[position.level] = list_.restarts[position.level]
        else:
            counters[position.level] = list_.levels[position.level].start if previous is None else previous + 1
        for lower in range(position.level + 1, LEVELS):
            restart = list_.levels[lower].restart if lower in list_.levels else LEVELS
            if position.level < restart:
                counters[lower] = None


def parse_lists(root: Any) -> dict[str, List]:
    """Return the lists of a numbering part by their ids."""
    abstract = {attribute(node, "abstractNumId"): node for node in children(root, "abstractNum")}
    style_owners = {name: node for node in abstract.values() if (name := child_value(node, "styleLink"))}
    parsed = {number: _levels(_definition(node, style_owners)) for number, node in abstract.items()}
    lists = {}
    for node in children(root, "num"):
        counters = child_value(node, "abstractNumId")
        levels, restarts = dict(parsed.get(counters, {})), {}
        for override in children(node, "lvlOverride"):
            own_levels = _levels(override)
            levels |= own_levels
            number, start = to_int(attribute(override, "ilvl")), child_value(override, "startOverride")
            if start or number in own_levels:
                restarts[number] = to_int(start) if start else own_levels[number].start
        lists[attribute(node, "numId")] = List(counters, levels, restarts)
    return lists


def _definition(node: Any, style_owners: dict[str, Any]) -> Any:
    """Return the definition that holds the levels: one that names a list style has none itself."""
    return style_owners.get(child_value(node, "numStyleLink"), node)


def _levels(node: Any) -> dict[int, ListLevel]:
    return {number: level for number, level in map(_level, children(node, "lvl")) if number < LEVELS}


def _level(node: Any) -> tuple[int, ListLevel]:
    restart = child_value(node, "lvlRestart")
    return to_int(attribute(node, "ilvl")), ListLevel(
        _number_format(node),
        child_value(node, "lvlText")[:100],
        to_int(child_value(node, "start")),
        to_int(restart) if restart else LEVELS,
        is_on(child(node, "isLgl")),
        child_value(node, "pStyle"),
    )


def _number_format(level: Any) -> str:
    """Return the format; one that older programs do not know is in an alternative before theirs."""
    node = next(level.iter("{*}numFmt"), None)
    if node is None:
        return "decimal"
    name = attribute(node, "val")
    return attribute(node, "format") if name == "custom" else name


def style_levels(lists: dict[str, List]) -> Iterator[tuple[str, str, int]]:
    """Yield the paragraph styles that levels of lists are bound to, as (style, list id, level)."""
    for list_id, list_ in lists.items():
        for number, level in list_.levels.items():
            if level.style:
                yield level.style, list_id, number


def _format_level(number: int, shown: ListLevel, levels: dict[int, ListLevel], counters: list[int | None]) -> str:
    if number not in levels:
        return ""
    count = counters[number]
    count = levels[number].start if count is None else count
    return str(count) if shown.is_legal else format_number(count, levels[number].number_format)
