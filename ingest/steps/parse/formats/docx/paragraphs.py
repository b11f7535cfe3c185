"""The properties of Word paragraphs that matter for their text: lists, headings, and paragraphs that are one with the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.steps.parse.formats.docx.numbering import LEVELS, NO_LIST, ListPosition
from ingest.steps.parse.formats.docx.styles import Definitions, heading_level
from ingest.steps.parse.formats.ooxml.xml import LOCAL_NAMES, attribute, child, local_name, to_int


@dataclass(frozen=True)
class ParagraphProperties:
    position: ListPosition = NO_LIST
    is_list_item: bool = False  # false for numbered headings and clauses
    heading: int = 0
    label: str = ""  # a number that is stored as it is shown
    is_joined: bool = False  # with the next paragraph: a large initial, or a deleted paragraph mark


PLAIN = ParagraphProperties()
_JOINED = ParagraphProperties(is_joined=True)


class PropertyReader:
    """Reads the properties of the paragraphs of one part."""

    def __init__(self, definitions: Callable[[], Definitions]) -> None:
        self._definitions = definitions
        self._known = {("", "", "", "", "", ""): PLAIN}

    def read(self, element: Any) -> ParagraphProperties:
        """Return the properties of a paragraph, not those that it had before a tracked change."""
        style = list_id = level = outline = label = joined = ""
        for node in element:
            name = LOCAL_NAMES.get(node.tag) or local_name(node)
            if name == "pStyle":
                style = attribute(node, "val")
            elif name == "outlineLvl":
                outline = attribute(node, "val")
            elif name == "numPr":
                for number in node:
                    if local_name(number) == "numId":
                        list_id = attribute(number, "val")
                    elif local_name(number) == "ilvl":
                        level = attribute(number, "val")
            elif name == "listPr":  # of Word 2003, which stores the number as it is shown
                label = attribute(found, "val") if (found := child(node, "t")) is not None else "-"
            elif name == "framePr":
                joined = "drop cap" if attribute(node, "dropCap") in ("drop", "margin") else joined
            elif name == "rPr" and len(node):
                is_deleted = any(local_name(mark) in ("del", "moveFrom") for mark in node)
                joined = "deleted mark" if is_deleted else joined
        key = (style, list_id, level, outline, label, joined)
        if (known := self._known.get(key)) is None:
            known = self._known[key] = self._inherit(*key)
        return known

    def _inherit(
        self, name: str, list_id: str, level: str, outline: str, label: str, joined: str
    ) -> ParagraphProperties:
        if joined:
            return _JOINED
        style = self._definitions().style(name)
        heading = heading_level(outline) if outline else style.heading
        if label:
            is_number = any(map(str.isalnum, label))
            return ParagraphProperties(NO_LIST, not heading, heading, label if is_number else "")
        if list_id == "0":  # explicitly not numbered, even if the style is
            return ParagraphProperties(heading=heading)
        position = ListPosition(
            list_id or style.position.list_id,
            min(to_int(level, style.position.level), LEVELS - 1) if level else style.position.level,
        )
        return ParagraphProperties(position, bool(list_id) or style.is_list, heading)
