"""Raised and lowered text of a presentation: the formatting that follows a text ([MS-PPT] section 2.9.44)."""

import struct
from collections.abc import Iterator

from ingest.steps.parse.formats.ppt.records import Record, clean_text, raw_text
from ingest.steps.parse.formats.scripts import subscript, superscript

_MAX_RUNS = 10_000
_MASK_BYTES = 4
_TAB_STOPS = 1 << 20

_PARAGRAPH_FIELDS = (  # which bits of the mask stand for a field of so many bytes, in the order of the fields
    (0x0000000F, 2),
    (1 << 7, 2),
    (1 << 4, 2),
    (1 << 6, 2),
    (1 << 5, 4),
    (1 << 11, 2),
    (1 << 12, 2),
    (1 << 13, 2),
    (1 << 14, 2),
    (1 << 8, 2),
    (1 << 10, 2),
    (1 << 15, 2),
    (_TAB_STOPS, 2),
    (1 << 16, 2),
    (0x000E0000, 2),
    (1 << 21, 2),
)
_CHARACTER_FIELDS = (  # those before the position
    (0x00003EB7, 2),
    (1 << 16, 2),
    (1 << 21, 2),
    (1 << 22, 2),
    (1 << 23, 2),
    (1 << 17, 2),
    (1 << 18, 4),
)
_POSITION = 1 << 19


def formatted_text(data: bytes, text: Record, style: Record | None) -> str:
    """Return the text of a record with its superscripts and subscripts, which another record tells."""
    characters = raw_text(data, text)
    if style is None:
        return clean_text(characters)
    parts: list[str] = []
    position = 0
    for length, shift in _runs(data[style.start : style.end], len(characters)):
        run = characters[position : position + length]
        position += length
        parts.append(run if not shift or "\r" in run else superscript(run) if shift > 0 else subscript(run))
    return clean_text("".join(parts) + characters[position:])


def _runs(style: bytes, length: int) -> Iterator[tuple[int, int]]:
    """Yield the number of characters of each run and its shift in percent. It ends where the record is damaged."""
    try:
        position = _end_of_paragraph_runs(style, length + 1)  # the formatting counts the end of the text as well
        for _ in range(_MAX_RUNS):
            if position >= len(style):
                return
            count, mask = struct.unpack_from("<II", style, position)
            position = _skip(style, position + 4 + _MASK_BYTES, mask, _CHARACTER_FIELDS)
            shift = 0
            if mask & _POSITION:
                shift = struct.unpack_from("<h", style, position)[0]
                position += 2
            yield count, shift
    except struct.error:
        return


def _end_of_paragraph_runs(style: bytes, length: int) -> int:
    position = covered = 0
    while covered < length:
        count, _, mask = struct.unpack_from("<IHI", style, position)
        position = _skip(style, position + 6 + _MASK_BYTES, mask, _PARAGRAPH_FIELDS)
        covered += max(count, 1)
    return position


def _skip(style: bytes, position: int, mask: int, fields: tuple[tuple[int, int], ...]) -> int:
    """Return the position behind the fields that a mask announces."""
    for bits, size in fields:
        if not mask & bits:
            continue
        if bits == _TAB_STOPS:
            position += 4 * int(struct.unpack_from("<H", style, position)[0])
        position += size
    return position
