"""List definitions, whose numbers are not in the text ([MS-DOC] sections 2.9.131, 2.9.147 and 2.9.150)."""

import struct

from ingest.steps.parse.formats.docx.numbering import LEVELS, List, ListLevel, Numbering

_FORMATS = {
    0: "decimal",
    1: "upperRoman",
    2: "lowerRoman",
    3: "upperLetter",
    4: "lowerLetter",
    5: "ordinal",
    22: "decimalZero",
    23: "bullet",
    255: "none",
}
_LIST_BYTES, _LEVEL_BYTES, _OVERRIDE_BYTES = 28, 28, 16
_SIMPLE, _LEGAL, _NO_RESTART = 0x01, 0x04, 0x08
_HAS_START, _HAS_FORMAT = 0x10, 0x20
_MAX_LISTS = 20_000


def read_lists(table: bytes, definitions: tuple[int, int], overrides: tuple[int, int]) -> Numbering:
    """Return the lists of a document; none, or only the first ones, where the definitions are damaged."""
    numbering = Numbering()
    abstract: dict[int, dict[int, ListLevel]] = {}
    try:
        if definitions[1]:
            _read_definitions(table, definitions[0], abstract)
        if overrides[1]:
            _read_overrides(table, overrides[0], abstract, numbering)
    except (struct.error, IndexError):
        pass
    return numbering


def _read_definitions(table: bytes, start: int, abstract: dict[int, dict[int, ListLevel]]) -> None:
    count = struct.unpack_from("<H", table, start)[0]
    position = start + 2 + _LIST_BYTES * count  # the levels follow the list of lists
    for number in range(count):
        at = start + 2 + _LIST_BYTES * number
        identifier = struct.unpack_from("<I", table, at)[0]
        levels: dict[int, ListLevel] = {}
        abstract[identifier] = levels
        for level in range(1 if table[at + 26] & _SIMPLE else LEVELS):
            levels[level], position = _read_level(table, position)


def _read_level(table: bytes, position: int) -> tuple[ListLevel, int]:
    """Return a level and the position behind it."""
    start, number_format, flags = struct.unpack_from("<iBB", table, position)
    character_bytes, paragraph_bytes, restart = struct.unpack_from("<BBB", table, position + 24)
    at = position + _LEVEL_BYTES + character_bytes + paragraph_bytes
    length = struct.unpack_from("<H", table, at)[0]
    text = table[at + 2 : at + 2 + 2 * length].decode("utf-16-le", "replace")
    pattern = "".join(f"%{ord(c) + 1}" if ord(c) < LEVELS else c for c in text[:100])
    level = ListLevel(
        _FORMATS.get(number_format, "decimal"),
        "" if number_format == 23 else pattern,
        start,
        restart if flags & _NO_RESTART else LEVELS,
        bool(flags & _LEGAL),
    )
    return level, at + 2 + 2 * length


def _read_overrides(table: bytes, start: int, abstract: dict[int, dict[int, ListLevel]], numbering: Numbering) -> None:
    count = min(struct.unpack_from("<I", table, start)[0], _MAX_LISTS)
    position = start + 4 + _OVERRIDE_BYTES * count
    for number in range(count):
        at = start + 4 + _OVERRIDE_BYTES * number
        identifier = struct.unpack_from("<I", table, at)[0]
        list_ = List(str(identifier), dict(abstract.get(identifier, {})), {})
        numbering.lists[str(number + 1)] = list_
        position += 4
        for _ in range(table[at + 12]):
            first, flags = struct.unpack_from("<iI", table, position)
            position += 8
            level = flags & 0x0F
            if flags & _HAS_FORMAT:
                list_.levels[level], position = _read_level(table, position)
                first = list_.levels[level].start
            if flags & (_HAS_START | _HAS_FORMAT):
                list_.restarts[level] = first
