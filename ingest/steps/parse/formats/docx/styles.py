"""What a Word document's styles say about its text: headings, lists, superscripts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal

from ingest.steps.parse.formats.docx.numbering import LEVELS, NO_LIST, List, ListPosition, parse_lists, style_levels
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, children, to_int

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
        return self.styles.get(name) or _undefined_style(name)


def parse_definitions(numbering_xml: bytes, styles_xml: bytes) -> Definitions:
    """Return the definitions in two parts; parts that are empty or damaged define nothing."""
    numbering_root, styles_root = _parse_xml(numbering_xml), _parse_xml(styles_xml)
    lists = {} if numbering_root is None else parse_lists(numbering_root)
    return Definitions(lists, {} if styles_root is None else _parse_styles(styles_root, lists))


def _parse_xml(data: bytes) -> Any:
    return xml.parse(data)[0] if data else None


def _parse_styles(root: Any, lists: dict[str, List]) -> dict[str, Style]:
    own = {attribute(node, "styleId"): node for node in children(root, "style")}
    bound = {style: (list_id, level) for style, list_id, level in style_levels(lists)}
    return {name: _resolve(name, own, bound) for name in own}


def _resolve(name: str, own: dict[str, Any], bound: dict[str, tuple[str, int]]) -> Style:
    """Return a style with the properties that it inherits: the nearest of its ancestors decides each of them."""
    style, has_level, has_list, has_script = Style(), False, False, False
    for ancestor in _ancestors(name, own):
        node = own[ancestor]
        style_name = child_value(node, "name") or ancestor
        named = _style_by_name(style_name, style)
        style = replace(style, is_list=named.is_list)
        level = child_value(node, "pPr", "outlineLvl")
        if not has_level and (level or named.heading):
            has_level = True
            style = replace(style, heading=heading_level(level) if level else named.heading)
        if not has_list and (position := _list_position(node, ancestor, bound)) is not None:
            has_list, style = True, replace(style, position=position)
        if not has_script and (script := child_value(node, "rPr", "vertAlign")):
            has_script, style = True, replace(style, script=to_script(script))
    return style


def _ancestors(name: str, own: dict[str, Any]) -> Iterator[str]:
    for _ in range(_MAX_ANCESTORS):
        if name not in own:
            return
        yield name
        name = child_value(own[name], "basedOn")


@lru_cache(256)
def _undefined_style(name: str) -> Style:
    return _style_by_name(name, Style())


def _style_by_name(name: str, style: Style) -> Style:
    """Return a style with what its name says. Programs of all languages write the names of built-in styles in English."""
    heading = _HEADING_NAME.fullmatch(name)
    level = int(heading[1]) if heading else int(name.lower() == "title")
    return replace(style, heading=style.heading or level, is_list=style.is_list or bool(_LIST_NAME.match(name)))


def heading_level(text: str) -> int:
    level = to_int(text, MAX_HEADING_LEVEL) + 1
    return level if level <= MAX_HEADING_LEVEL else 0


def _list_position(node: Any, name: str, bound: dict[str, tuple[str, int]]) -> ListPosition | None:
    numbers = child(node, "pPr", "numPr")
    if numbers is None:
        return None
    list_id, level = child_value(numbers, "numId"), child_value(numbers, "ilvl")
    if name in bound and not level and bound[name][0] == list_id:
        return ListPosition(*bound[name])
    return ListPosition(list_id, min(to_int(level), LEVELS - 1))


def to_script(text: str) -> Script:
    """Return the vertical alignment of a run ("superscript", "subscript" or "")."""
    return "superscript" if text == "superscript" else "subscript" if text == "subscript" else ""
