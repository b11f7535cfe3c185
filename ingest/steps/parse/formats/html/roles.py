"""Tables that web applications build of boxes with roles (WAI-ARIA 1.2) instead of the elements of tables."""

from typing import Any

from lxml import etree

_SIGNS = ('role="row"', "role='row'", "role=row")
_WITH_ROLE = etree.XPath("//*[@role][self::div or self::span or self::a or self::section or self::p]")
_TAGS = {
    "table": "table",
    "grid": "table",
    "treegrid": "table",
    "row": "tr",
    "cell": "td",
    "gridcell": "td",
    "columnheader": "th",
    "rowheader": "th",
}


def has_tables_of_boxes(source: str) -> bool:
    """Return whether a document may have such tables."""
    return any(sign in source for sign in _SIGNS)


def turn_boxes_into_tables(root: Any) -> None:
    """Give the boxes of a table the tags of its elements."""
    for element in _WITH_ROLE(root):
        if tag := _TAGS.get(element.get("role")):
            element.tag = tag
