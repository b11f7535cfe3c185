"""What a Word document's styles say about its text: headings, lists, superscripts."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from ingest.steps.parse.formats.docx.numbering import LEVELS, NO_LIST, List, ListPosition, parse_lists, style_levels
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, children, local_name, to_int

Script = Literal["", "superscript", "subscript"]

MAX_HEADING_LEVEL = 9
_MAX_ANCESTORS = 20  # a damaged file may have a cycle
_HEADING_NAME = re.compile(r"heading ?([1-9])", re.I)
_LIST_NAME = re.compile(r"list (bullet|number)|list(bullet|number)", re.I)


@dataclass(frozen=True)
class Style:
    """A style with what it inherits. `heading` is its outline level from 1, 0 for body text."""

    heading: int = 0
    position: ListPosition = NO_LIST
    is_list: bool = False
    script: Script = ""


@dataclass(frozen=True)
class Definitions:
    """The lists and styles of a document."""

    lists: dict[str, List] = field(default_factory=dict)
    styles: dict[str, Style] = field(default_factory=dict)

    def style(self, name: str) -> Style:
        """Return a style; one that is not defined is known by its name alone."""
        return self.styles.get(name) or style_by_name(name)


def parse_definitions(numbering_xml: bytes, styles_xml: bytes) -> Definitions:
    """Return the definitions in two parts; parts that are empty or damaged define nothing."""
    numbering_root, styles_root = _parse_xml(numbering_xml), _parse_xml(styles_xml)
    lists = {} if numbering_root is None else parse_lists(numbering_root)
    return Definitions(lists, {} if styles_root is None else _parse_styles(styles_root, lists))


def _parse_xml(data: bytes) -> Any:
    return xml.parse(data)[0] if data else None


class _OwnStyle(NamedTuple):
    """What one style sets itself: "" and None for what it inherits."""

    name: str
    based_on: str = ""
    outline: str = ""
    position: ListPosition | None = None
    script: str = ""


def _parse_styles(root: Any, lists: dict[str, List]) -> dict[str, Style]:
    bound = {style: (list_id, level) for style, list_id, level in style_levels(lists)}
    own: dict[str, _OwnStyle] = {}
    for node in children(root, "style"):
        identifier = attribute(node, "styleId")
        own[identifier] = _own_style(node, identifier, bound)
    return {identifier: _resolve(identifier, own) for identifier in own}


def _own_style(node: Any, identifier: str, bound: dict[str, tuple[str, int]]) -> _OwnStyle:
    style = _OwnStyle(identifier)
    for element in node:
        match local_name(element):
            case "name":
                style = style._replace(name=attribute(element, "val") or identifier)
            case "basedOn":
                style = style._replace(based_on=attribute(element, "val"))
            case "pPr":
                position = _list_position(element, identifier, bound)
                style = style._replace(outline=child_value(element, "outlineLvl"), position=position)
            case "rPr":
                style = style._replace(script=child_value(element, "vertAlign"))
    return style


def _resolve(identifier: str, own: dict[str, _OwnStyle]) -> Style:
    """Return a style with the properties that it inherits: the nearest of its ancestors decides each of them."""
    heading: int | None = None
    position: ListPosition | None = None
    is_list, script = False, ""
    for _ in range(_MAX_ANCESTORS):
        if (style := own.get(identifier)) is None:
            break
        named = style_by_name(style.name)
        is_list = is_list or named.is_list
        if heading is None and (style.outline or named.heading):
            heading = heading_level(style.outline) if style.outline else named.heading
        position = position or style.position
        script = script or style.script
        identifier = style.based_on
    return Style(heading or 0, position or NO_LIST, is_list, to_script(script))


@lru_cache(256)
def style_by_name(name: str) -> Style:
    """Return what the name of a style says. Programs of all languages write the names of built-in styles in English."""
    heading = _HEADING_NAME.fullmatch(name)
    level = int(heading[1]) if heading else int(name.lower() == "title")
    return Style(level, is_list=bool(_LIST_NAME.match(name)))


def heading_level(text: str) -> int:
    level = to_int(text, MAX_HEADING_LEVEL) + 1
    return level if level <= MAX_HEADING_LEVEL else 0


def _list_position(properties: Any, name: str, bound: dict[str, tuple[str, int]]) -> ListPosition | None:
    numbers = child(properties, "numPr")
    if numbers is None:
        return None
    list_id, level = child_value(numbers, "numId"), child_value(numbers, "ilvl")
    if name in bound and not level and bound[name][0] == list_id:
        return ListPosition(*bound[name])
    return ListPosition(list_id, min(to_int(level), LEVELS - 1))


def to_script(text: str) -> Script:
    """Return the vertical alignment of a run ("superscript", "subscript" or "")."""
    return "superscript" if text == "superscript" else "subscript" if text == "subscript" else ""
