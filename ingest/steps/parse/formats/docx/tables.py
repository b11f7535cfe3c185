"""Rows and cells of Word tables: spans, deleted rows, and cells that arrange a page (ECMA-376 part 1, 17.4)."""

from collections.abc import Iterator
from typing import Any

from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, local_name, to_int

_MAX_COLUMNS = 63  # of a table in Word
_MAX_WRAPPERS = 20
_WRAPPERS = frozenset(["sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag", "AlternateContent", "Choice"])


def unwrapped(container: Any, name: str, depth: int = 0) -> Iterator[Any]:
    """Yield the rows of a table or the cells of a row, also those inside content controls and the like."""
    for element in container:
        found = local_name(element)
        if found == name:
            yield element
        elif found in _WRAPPERS and depth < _MAX_WRAPPERS:
            yield from unwrapped(element, name, depth + 1)


def row_properties(row: Any) -> tuple[bool, int]:
    """Return whether a row was deleted while changes were tracked, and how many columns are left out before its cells."""
    for element in row:
        name = local_name(element)
        if name == "trPr":
            leading = min(to_int(child_value(element, "gridBefore")), _MAX_COLUMNS)
            return child(element, "del") is not None, leading
        if name == "tc":
            break
    return False, 0


def column_span(cell: Any) -> int:
    """Return how many columns a cell spans; its properties are its first child."""
    if len(cell) and local_name(cell[0]) == "tcPr":
        for element in cell[0]:
            if local_name(element) == "gridSpan":
                return max(1, min(to_int(attribute(element, "val"), 1), _MAX_COLUMNS))
    return 1


def is_layout(cells: list[Any]) -> bool:
    """Return whether a row arranges a page: it is a box of several paragraphs, or a cell holds a table of its own."""
    for cell in cells:
        for element in cell:
            if local_name(element) == "tbl":
                return True
    return len(cells) == 1 and column_span(cells[0]) == 1 and _has_several_paragraphs(cells[0])


def _has_several_paragraphs(cell: Any) -> bool:
    paragraphs = (p for p in cell.iterchildren("{*}p") if next(p.iter("{*}t"), None) is not None)
    return next(paragraphs, None) is not None and next(paragraphs, None) is not None
