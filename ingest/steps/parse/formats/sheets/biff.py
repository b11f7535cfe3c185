"""Find the texts in a binary workbook (.xls) that are outside its cells: text boxes, charts, headers ([MS-XLS])."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_BOF, _EOF, _CONTINUE = 0x0809, 0x000A, 0x003C
_BOUNDSHEET, _HEADER, _FOOTER, _OBJECT, _TEXT_OBJECT, _CHART_TEXT = 0x0085, 0x0014, 0x0015, 0x005D, 0x01B6, 0x100D
_BIFF8 = 0x0600
_NOTE = 0x19  # type of the object that is the frame of a comment
_COMMON_OBJECT = 0x15
_CHART_SHEET = 2
_MAX_TEXTS = 20_000


@dataclass
class SheetTexts:
    """The texts of one sheet: `name` is "" if the workbook does not list it, `kind` is 0 for a worksheet."""

    name: str = ""
    kind: int = -1
    boxes: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    print_headers: list[str] = field(default_factory=list)

    @property
    def is_chart(self) -> bool:
        """Return whether the sheet is a chart and has no cells."""
        return self.kind == _CHART_SHEET


def read_sheet_texts(data: bytes, base: int) -> dict[int, SheetTexts]:
    """Return the texts by the offset of each sheet's first record, in the order of the workbook's list of sheets.

    Only workbooks of Excel 97 and later have them in a known form.
    """
    listed: dict[int, SheetTexts] = {}
    found: dict[int, SheetTexts] = {}
    current = SheetTexts()
    depth = 0
    in_note = False
    count = 0
    for kind, position, body in _records(data, base):
        if kind == _BOF:
            if len(body) >= 2 and struct.unpack_from("<H", body)[0] != _BIFF8:
                return {}
            if depth == 0:
                current = found.setdefault(position, SheetTexts())
            depth += 1
        elif kind == _EOF:
            depth = max(0, depth - 1)
        elif kind == _BOUNDSHEET and len(body) > 8:
            offset, _, sheet_kind = struct.unpack_from("<IBB", body)
            listed[base + offset] = SheetTexts(_string(body, 6, 1), sheet_kind)
        elif kind == _OBJECT and len(body) >= 8:
            in_note = struct.unpack_from("<H", body)[0] == _COMMON_OBJECT and body[4] == _NOTE
        elif count < _MAX_TEXTS and (texts := _texts(kind, body, current, in_note=in_note)) is not None:
            text = _string(body, *_LAYOUTS.get(kind, (0, 0))) if kind in _LAYOUTS else body.decode("utf-8", "replace")
            if text.strip():
                texts.append(text)
                count += 1
    for offset, sheet in listed.items():
        texts_of_sheet = found.get(offset, SheetTexts())
        sheet.boxes, sheet.charts = texts_of_sheet.boxes, texts_of_sheet.charts
        sheet.print_headers = texts_of_sheet.print_headers
    return listed


_LAYOUTS = {_HEADER: (0, 2), _FOOTER: (0, 2), _CHART_TEXT: (2, 1)}
"""Where the string of a record starts, and how many bytes its length has."""


def _texts(kind: int, body: bytes, sheet: SheetTexts, *, in_note: bool) -> list[str] | None:
    """Return the list that the text of a record belongs to, or None for other records."""
    if kind in (_HEADER, _FOOTER):
        return sheet.print_headers if body else None
    if kind == _CHART_TEXT:
        return sheet.charts
    return sheet.boxes if kind == _TEXT_OBJECT and not in_note else None


def _records(data: bytes, base: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield the type, offset and body of each record; that of a text object is its text in UTF-8."""
    position, size = base, len(data)
    while position + 4 <= size:
        kind, length = struct.unpack_from("<HH", data, position)
        start, position = position, position + 4 + length
        if kind == _TEXT_OBJECT:
            text, position = _text_object(data, start + 4, position)
            yield kind, start, text.encode("utf-8", "replace")
        elif kind == 0 and length == 0:  # the padding at the end of the stream
            return
        else:
            yield kind, start, bytes(data[start + 4 : position])


def _text_object(data: bytes, body: int, position: int) -> tuple[str, int]:
    """Return the text of a text object, which is in the records behind it, and the position behind these."""
    missing = struct.unpack_from("<10xH", data, body)[0] if body + 12 <= min(position, len(data)) else 0
    parts: list[str] = []
    while missing > 0 and position + 5 <= len(data):
        kind, length = struct.unpack_from("<HH", data, position)
        if kind != _CONTINUE or not length:
            break
        characters = bytes(data[position + 5 : position + 4 + length])
        text = characters.decode("utf-16-le" if data[position + 4] & 1 else "latin-1", "replace")
        parts.append(text[:missing])
        missing -= len(text)
        position += 4 + length
    return "".join(parts), position


def _string(body: bytes, start: int, length_bytes: int) -> str:
    """Return a string whose length has one or two bytes and is followed by its encoding."""
    if start + length_bytes + 1 > len(body):
        return ""
    length = int.from_bytes(body[start : start + length_bytes], "little")
    is_wide = body[start + length_bytes] & 1
    start += length_bytes + 1
    if is_wide:
        return body[start : start + 2 * length].decode("utf-16-le", "replace")
    return body[start : start + length].decode("latin-1")
