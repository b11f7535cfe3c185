"""The formatting of characters and paragraphs that decides about text ([MS-DOC] sections 2.6.1, 2.6.2 and 2.9.6)."""

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from ingest.steps.parse.formats.doc.sprms import iterate

PAGE_BYTES = 512
_MIN_SHIFT_HALF_POINTS = 3  # smaller shifts of full-sized text are typography
_DELETED, _HIDDEN, _SYMBOL, _SCRIPT, _SHIFT, _FONT, _OBJECT = 0x0800, 0x083C, 0x6A09, 0x2A48, 0x4845, 0x4A4F, 0x0856
_PICTURE = 0x6A03
_SIZE = 0x4A43
_ROW_DEFINITION = 0xD608
_STYLE, _IN_TABLE, _ROW_END, _DEPTH = 0x4600, 0x2416, 0x2417, 0x6649
_INNER_CELL, _INNER_ROW_END, _LIST_LEVEL, _LIST, _OUTLINE = 0x244B, 0x244C, 0x260A, 0x460B, 0x2640


@dataclass(frozen=True)
class Characters:
    """Properties of characters. `symbol` is a font number and a code; `font` is a font number, -1 if not given."""

    is_deleted: bool = False
    is_hidden: bool = False
    script: str = ""
    small_shift: str = ""  # like `script`, for a shift that makes a script of smaller text only
    size: int = 0  # in half points, 0 if not given
    symbol: tuple[int, int] | None = None
    font: int = -1
    is_object: bool = False
    picture: int = -1  # where its data is in the stream "Data"


@dataclass(frozen=True)
class ParagraphProperties:
    """Properties of a paragraph; None where the style decides."""

    style: int = 0
    is_in_table: bool = False
    is_row_end: bool = False
    depth: int = 0
    is_inner_cell: bool = False
    is_inner_row_end: bool = False
    list_number: int | None = None
    list_level: int | None = None
    outline_level: int | None = None
    edges: tuple[int, ...] = ()  # of the cells of the row that ends here, in twips


PLAIN = Characters()


def read_characters(grpprl: bytes, base: Characters = PLAIN, *, is_word6: bool = False) -> Characters:
    """Return the properties that a list of modifiers sets."""
    values: dict[str, object] = {}
    for code, operand in iterate(grpprl, is_word6=is_word6):
        if not operand:
            continue
        if code == _DELETED:
            values["is_deleted"] = operand[0] == 1
        elif code == _HIDDEN:
            values["is_hidden"] = operand[0] in (1, 0x81)
        elif code == _SCRIPT:
            values["script"] = {1: "super", 2: "sub"}.get(operand[0], "")
        elif code == _SHIFT and len(operand) >= 2:
            shift = struct.unpack("<h", operand[:2])[0]
            kind = "script" if abs(shift) >= _MIN_SHIFT_HALF_POINTS else "small_shift"
            values[kind] = ("super" if shift > 0 else "sub") if shift else ""
        elif code == _SIZE and len(operand) >= 2:
            values["size"] = struct.unpack("<H", operand[:2])[0]
        elif code == _SYMBOL:
            values["symbol"] = _symbol(operand, is_word6=is_word6)
        elif code == _FONT and len(operand) >= 2:
            values["font"] = struct.unpack("<H", operand[:2])[0]
        elif code == _OBJECT:
            values["is_object"] = operand[0] == 1
        elif code == _PICTURE and len(operand) == 4:
            values["picture"] = struct.unpack("<i", operand)[0]
    return replace(base, **values) if values else base  # type: ignore[arg-type]  # the names are those above


def _symbol(operand: bytes, *, is_word6: bool) -> tuple[int, int] | None:
    if is_word6:  # a length, the font, and one byte
        return (struct.unpack_from("<H", operand, 1)[0], operand[3]) if len(operand) >= 4 else None
    return struct.unpack("<HH", operand) if len(operand) == 4 else None


def read_paragraph(grpprl: bytes, style: int, data: bytes, *, is_word6: bool = False) -> ParagraphProperties:
    """Return the properties that a list of modifiers sets. Long lists are in the stream `data`."""
    values: dict[str, int] = {"style": style}
    edges: list[int] = []
    _collect(grpprl, data, values, edges, is_word6=is_word6)
    return ParagraphProperties(
        values["style"],
        bool(values.get("is_in_table")),
        bool(values.get("is_row_end")),
        values.get("depth", 0),
        bool(values.get("is_inner_cell")),
        bool(values.get("is_inner_row_end")),
        values.get("list_number"),
        values.get("list_level"),
        values.get("outline_level"),
        tuple(edges),
    )


def _collect(grpprl: bytes, data: bytes, values: dict[str, int], edges: list[int], *, is_word6: bool) -> None:
    for code, operand in iterate(grpprl, is_word6=is_word6):
        if code in _ELSEWHERE and data:
            start = int.from_bytes(operand, "little")
            length = int.from_bytes(data[start : start + 2], "little")
            _collect(data[start + 2 : start + 2 + length], b"", values, edges, is_word6=False)
        elif code == _ROW_DEFINITION:
            edges[:] = _edges(operand)
        elif (name := _PARAGRAPH_CODES.get(code)) and operand:
            values[name] = int.from_bytes(operand, "little")


def _edges(operand: bytes) -> tuple[int, ...]:
    """Return the edges of cells that the definition of a row lists ([MS-DOC] section 2.9.327)."""
    count = operand[2] + 1 if len(operand) > 2 else 0
    return struct.unpack_from(f"<{count}h", operand, 3) if len(operand) >= 3 + 2 * count else ()


_ELSEWHERE = (0x6645, 0x6646)
_PARAGRAPH_CODES = {
    _STYLE: "style",
    _IN_TABLE: "is_in_table",
    _ROW_END: "is_row_end",
    _DEPTH: "depth",
    _LIST: "list_number",
    _INNER_CELL: "is_inner_cell",
    _INNER_ROW_END: "is_inner_row_end",
    _LIST_LEVEL: "list_level",
    _OUTLINE: "outline_level",
}


class Runs:
    """Runs of bytes of the main stream with equal properties, sorted: all bytes before `ends[n]` and from `starts[n]`."""

    def __init__(self, runs: list[tuple[int, int, bytes]]) -> None:
        runs.sort(key=lambda run: run[0])
        self._starts = [run[0] for run in runs]
        self._runs = runs

    def at(self, offset: int) -> bytes | None:
        """Return the properties of the byte at an offset, or None if they are not known."""
        number = bisect_right(self._starts, offset) - 1
        if number < 0:
            return None
        _, end, data = self._runs[number]
        return data if offset < end else None

    def split(self, start: int, end: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the runs of bytes [start, end), with b"" for those without properties."""
        number = max(0, bisect_right(self._starts, start) - 1)
        while start < end and number < len(self._runs):
            run_start, run_end, data = self._runs[number]
            number += 1
            if run_end <= start:
                continue
            if run_start >= end:
                break
            if run_start > start:
                yield start, run_start, b""
                start = run_start
            stop = min(run_end, end)
            yield start, stop, data
            start = stop
        if start < end:
            yield start, end, b""


def read_character_runs(plc: bytes, main: bytes, *, is_word6: bool) -> Runs:
    """Return the runs of characters with their lists of modifiers."""
    runs = []
    for page in _pages(plc, main, is_word6=is_word6):
        count = page[-1]
        for number, (start, end) in enumerate(_bounds(page, count)):
            at = 4 * (count + 1) + number
            offset = page[at] * 2 if at < PAGE_BYTES - 1 else 0
            length = page[offset] if 0 < offset < PAGE_BYTES else 0
            runs.append((start, end, page[offset + 1 : offset + 1 + length]))
    return Runs(runs)


def read_paragraph_runs(plc: bytes, main: bytes, *, is_word6: bool) -> Runs:
    """Return the paragraphs with their styles (two bytes) and lists of modifiers."""
    runs = []
    entry_bytes = 7 if is_word6 else 13
    for page in _pages(plc, main, is_word6=is_word6):
        count = page[-1]
        for number, (start, end) in enumerate(_bounds(page, count)):
            at = 4 * (count + 1) + entry_bytes * number
            offset = page[at] * 2 if at < PAGE_BYTES - 1 else 0
            runs.append((start, end, _paragraph_data(page, offset, is_word6=is_word6)))
    return Runs(runs)


def _paragraph_data(page: bytes, offset: int, *, is_word6: bool) -> bytes:
    if not 0 < offset < PAGE_BYTES - 1:
        return b""
    words = page[offset]
    if is_word6:
        return page[offset + 1 : offset + 1 + 2 * words]
    if words == 0:
        return page[offset + 2 : offset + 2 + 2 * page[offset + 1]]
    return page[offset + 1 : offset + 2 * words]


def _pages(plc: bytes, main: bytes, *, is_word6: bool) -> Iterator[bytes]:
    """Yield the pages of formatting that a table lists."""
    entry = 2 if is_word6 else 4
    count = max(0, (len(plc) - 4) // (4 + entry))
    for number in range(count):
        at = 4 * (count + 1) + entry * number
        page_number = int.from_bytes(plc[at : at + entry], "little") & 0x3FFFFF
        page = main[page_number * PAGE_BYTES : (page_number + 1) * PAGE_BYTES]
        if len(page) == PAGE_BYTES:
            yield page


def _bounds(page: bytes, count: int) -> list[tuple[int, int]]:
    if 4 * (count + 1) > PAGE_BYTES:
        return []
    offsets = struct.unpack_from(f"<{count + 1}I", page)
    return [(start, end) for start, end in pairwise(offsets) if start < end]
