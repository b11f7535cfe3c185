"""Rows and cells of Word tables: spans, deleted rows, and cells that arrange a page (ECMA-376 part 1, 17.4)."""

from collections.abc import Iterator
from typing import Any

from ingest.steps.parse.formats.ooxml.xml import child, child_value, local_name, to_int

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


def is_deleted(row: Any) -> bool:
    """Return whether a row was deleted while changes were tracked."""
    properties = child(row, "trPr")
    return properties is not None and child(properties, "del") is not None


def leading_columns(row: Any) -> int:
    """Return how many columns are left out before the first cell of a row."""
    properties = child(row, "trPr")
    return 0 if properties is None else min(to_int(child_value(properties, "gridBefore")), _MAX_COLUMNS)


def column_span(cell: Any) -> int:
    """Return how many columns a cell spans."""
    properties = child(cell, "tcPr")
    return 1 if properties is None else max(1, min(to_int(child_value(properties, "gridSpan"), 1), _MAX_COLUMNS))


def is_layout(cells: list[Any]) -> bool:
    """Return whether a row arranges a page: it is a box of several paragraphs, or a cell holds a table of its own."""
    if any(next(cell.iterchildren("{*}tbl"), None) is not None for cell in cells):
        return True
    return len(cells) == 1 and column_span(cells[0]) == 1 and _has_several_paragraphs(cells[0])


def _has_several_paragraphs(cell: Any) -> bool:
    paragraphs = (p for p in cell.iterchildren("{*}p") if next(p.iter("{*}t"), None) is not None)
    return next(paragraphs, None) is not None and next(paragraphs, None) is not None
