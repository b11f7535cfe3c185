"""The text in the shapes of a slide ([MS-PPT] section 2.5, [MS-ODRAW] section 2.2)."""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.steps.parse.formats.ppt import records
from ingest.steps.parse.formats.ppt.records import MAX_DEPTH, Record, children
from ingest.steps.parse.formats.ppt.scripts import formatted_text

TITLES = frozenset([0, 6])  # types of text: a title, a centred title
_OTHER = 4
_TABLE_PROPERTY = 0x039F
_MAX_CELLS = 5_000
_SAME_ROW = 8  # master units; a slide has 576 of them per inch
_META_CHARACTER = "*"  # stands for the number of the slide, or the date


@dataclass(frozen=True)
class Text:
    """The text of a shape, or the rows of a table."""

    kind: int
    text: str
    rows: tuple[tuple[str, ...], ...] = ()


def read_shapes(data: bytes, parent: Record, outline: list[tuple[int, str]]) -> Iterator[Text]:
    """Yield the texts in a slide in the order of its shapes. `outline` has the texts that shapes refer to."""
    used: set[int] = set()
    yield from _read(data, parent, outline, used, 0)
    for number, (kind, text) in enumerate(outline):
        if number not in used and _is_text(text):
            yield Text(kind, text)


def _read(data: bytes, parent: Record, outline: list[tuple[int, str]], used: set[int], depth: int) -> Iterator[Text]:
    for record in children(data, parent):
        if record.kind == records.SHAPE_TEXT:
            kind, text = _shape_text(data, record, outline, used)
            if _is_text(text):
                yield Text(kind, text)
        elif depth >= MAX_DEPTH or not record.is_container or record.kind == records.COMMENT:
            continue
        elif record.kind == records.GROUP and _is_table(data, record):
            yield Text(_OTHER, "", tuple(_rows(data, record, outline, used)))
        else:
            yield from _read(data, record, outline, used, depth + 1)


def _shape_text(data: bytes, shape: Record, outline: list[tuple[int, str]], used: set[int]) -> tuple[int, str]:
    kind, text = _OTHER, ""
    text_record: Record | None = None
    for record in children(data, shape):
        if record.kind == records.TEXT_HEADER:
            kind = int.from_bytes(data[record.start : record.start + 4], "little")
        elif record.kind in (records.TEXT_CHARS, records.TEXT_BYTES):
            text_record = record
            text = records.text_of(data, record)
        elif record.kind == records.TEXT_STYLE and text_record is not None:
            text = formatted_text(data, text_record, record)
        elif record.kind == records.OUTLINE_REFERENCE:
            number = int.from_bytes(data[record.start : record.start + 4], "little")
            if number < len(outline):
                used.add(number)
                kind, text = outline[number]
    return kind, text


def _is_text(text: str) -> bool:
    return bool(text) and text != _META_CHARACTER


def _is_table(data: bytes, group: Record) -> bool:
    """Return whether a group of shapes is a table, which the properties of its first shape say."""
    first = next(children(data, group), None)
    if first is None or first.kind != records.SHAPE:
        return False
    for record in children(data, first):
        if record.kind == records.PROPERTIES_3:
            entries = range(record.start, min(record.start + 6 * record.instance, record.end - 5), 6)
            return any(struct.unpack_from("<H", data, at)[0] & 0x3FFF == _TABLE_PROPERTY for at in entries)
    return False


def _rows(data: bytes, group: Record, outline: list[tuple[int, str]], used: set[int]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a table: its cells are shapes, whose places tell rows and columns."""
    cells: list[tuple[int, int, str]] = []
    for shape in children(data, group):
        if shape.kind != records.SHAPE:
            continue
        place: tuple[int, int] | None = None
        text: str | None = None
        for record in children(data, shape):
            if record.kind == records.CHILD_ANCHOR and record.end - record.start >= 16:
                left, top = struct.unpack_from("<ii", data, record.start)
                place = top, left
            elif record.kind == records.SHAPE_TEXT:
                text = _shape_text(data, record, outline, used)[1]
        if place is not None and text is not None and len(cells) < _MAX_CELLS:
            cells.append((*place, text))
    yield from _arrange(cells, _SAME_ROW) or _arrange(cells, 0) or ((text,) for _, _, text in cells)


def _arrange(cells: list[tuple[int, int, str]], tolerance: int) -> list[tuple[str, ...]]:
    """Return the rows of cells with a top, a left side and a text; none if two cells have one place, as in very low rows."""
    tops, columns = (
        _distinct((top for top, _, _ in cells), tolerance),
        _distinct((left for _, left, _ in cells), tolerance),
    )
    rows = [[""] * len(columns) for _ in tops]
    for top, left, text in cells:
        row, column = bisect_right(tops, top) - 1, bisect_right(columns, left) - 1
        if text and rows[row][column]:
            return []
        rows[row][column] = rows[row][column] or text
    return [tuple(row) for row in rows]


def _distinct(positions: Iterator[int], tolerance: int) -> list[int]:
    """Return positions in rising order, without those next to another one."""
    distinct: list[int] = []
    for position in sorted(positions):
        if not distinct or position - distinct[-1] > tolerance:
            distinct.append(position)
    return distinct
