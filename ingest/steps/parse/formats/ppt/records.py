"""The records of PowerPoint 97 to 2003 ([MS-PPT] section 2.3.1). Some contain records."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CONTAINER = 0x0F  # version of a record that contains records
MAX_DEPTH = 40

DOCUMENT, SLIDE, SLIDE_ATOM, NOTES, MAIN_MASTER = 0x03E8, 0x03EE, 0x03EF, 0x03F0, 0x03F8
SLIDE_PERSIST, SLIDE_LIST, OBJECT_LIST = 0x03F3, 0x0FF0, 0x0409
TEXT_HEADER, TEXT_CHARS, TEXT_BYTES, OUTLINE_REFERENCE = 0x0F9F, 0x0FA0, 0x0FA8, 0x0F9E
TEXT_STYLE = 0x0FA1
STRING, COMMENT = 0x0FBA, 0x2EE0
USER_EDIT, PERSIST_DIRECTORY, CRYPT_SESSION = 0x0FF5, 0x1772, 0x2F14
OBJECT_ATOM, OBJECT_STORAGE = 0x0FC3, 0x1011
JPEG, PNG = 0xF01D, 0xF01E
GROUP, SHAPE, SHAPE_TEXT, CHILD_ANCHOR, PROPERTIES_3 = 0xF003, 0xF004, 0xF00D, 0xF00F, 0xF122


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose content is bytes [start, end) of the stream."""

    kind: int
    version: int
    instance: int
    start: int
    end: int

    @property
    def is_container(self) -> bool:
        """Return whether the record contains records."""
        return self.version == CONTAINER


def record_at(data: bytes, position: int, end: int | None = None) -> Record | None:
    """Return the record whose header is at a position, or None if there is none before `end`."""
    end = len(data) if end is None else end
    if position < 0 or position + 8 > end:
        return None
    first, kind, length = struct.unpack_from("<HHI", data, position)
    return Record(kind, first & 0x0F, first >> 4, position + 8, min(position + 8 + length, end))


def children(data: bytes, parent: Record) -> Iterator[Record]:
    """Yield the records directly in a container."""
    position = parent.start
    while (record := record_at(data, position, parent.end)) is not None:
        yield record
        position = max(record.end, position + 8)


def descendants(data: bytes, parent: Record, kind: int, depth: int = 0) -> Iterator[Record]:
    """Yield the outermost records of a kind in a container."""
    for record in children(data, parent):
        if record.kind == kind:
            yield record
        elif record.is_container and depth < MAX_DEPTH:
            yield from descendants(data, record, kind, depth + 1)


def text_of(data: bytes, record: Record) -> str:
    """Return the text of a record of characters."""
    return clean_text(raw_text(data, record))


def raw_text(data: bytes, record: Record) -> str:
    """Return the characters of a record; bytes are the lower halves of Unicode characters."""
    encoding = "latin-1" if record.kind == TEXT_BYTES else "utf-16-le"
    return data[record.start : record.end].decode(encoding, "replace")


def clean_text(text: str) -> str:
    """Return text with line ends, and without soft hyphens and white space around it."""
    return text.replace("\r", "\n").replace("\v", "\n").replace("\xad", "").strip()
