"""The numbers of list items in OpenDocument text, which are not in the text (ODF 1.3 part 3, 5.3)."""

from dataclasses import dataclass
from typing import Any

from ingest.steps.parse.formats.odf.names import attribute, attributes, name, to_int
from ingest.steps.parse.formats.odf.styles import Counters, Styles

_MAX_LISTS = 10_000


@dataclass
class OpenList:
    """A list whose items are being read. Lists in its items share its counters."""

    style: str
    level: int
    counters: Counters


class Lists:
    """The lists of one document."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._by_style: dict[str, Counters] = {}
        self._by_id: dict[str, Counters] = {}

    def open(self, node: Any, outer: OpenList | None) -> OpenList:
        """Start the list of a text:list element."""
        values = attributes(node)
        style = values.get("text:style-name") or (outer.style if outer else "") or self._style_of_paragraphs(node)
        continues = values.get("text:continue-numbering") == "true"
        if outer is not None:
            if not continues:
                outer.counters.end_levels_below(outer.level)
            return OpenList(style, outer.level + 1, outer.counters)
        continued = values.get("text:continue-list")
        counters = self._by_id.get(continued) if continued else None
        if counters is None and continues:
            counters = self._by_style.get(style)
        counters = counters or Counters()
        if len(self._by_id) < _MAX_LISTS:
            self._by_style[style] = counters
            self._by_id[values.get("xml:id") or values.get("text:id") or ""] = counters
        return OpenList(style, 1, counters)

    def marker(self, list_: OpenList, item: Any, paragraph: Any) -> str:
        """Count an item by its first paragraph, and return its number, or "-" for a bullet."""
        style = list_.style or self._styles.list_style(attribute(paragraph, "text:style-name"))
        levels = self._styles.levels(style)
        start = attribute(item, "text:start-value")
        number = list_.counters.count(list_.level, levels, to_int(start) if start.isdecimal() else None)
        for child in item:
            if name(child) == "text:number":  # some programs store the number as it is shown
                return "".join(child.itertext()).strip() or number or "-"
        return number or "-"

    def _style_of_paragraphs(self, node: Any) -> str:
        for item in node:
            for child in item:
                if name(child) in ("text:p", "text:h"):
                    return self._styles.list_style(attribute(child, "text:style-name"))
        return ""
