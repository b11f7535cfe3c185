"""The file information block at the start of the stream "WordDocument" ([MS-DOC] section 2.5; Word 6: its 1994 form)."""

import struct
from dataclasses import dataclass

from ingest.errors import InvalidFile, ProtectedFile, UnsupportedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE

DAMAGED_MESSAGE = "The file could not be parsed as doc: it is damaged. Convert it to .docx and upload that."
_TOO_OLD_MESSAGE = (
    "The file was written by Word 2 or older, which is not supported. Convert it to .docx and upload that."
)

_MAGICS = (0xA5EC, 0xA5DC)  # the second one is that of Word 6 and 95
_OLDEST_VERSION = 0x65  # Word 6
_WORD_97 = 0xC1
_FLAG_COMPLEX, _FLAG_ENCRYPTED, _FLAG_TABLE_1 = 0x0004, 0x0100, 0x0200

# Offsets of the lengths of the stories, and of the offset and length of each table.
_LENGTHS = {"97": 0x4C, "6": 0x34}
_STORIES = ("main", "footnotes", "headers", "macros", "comments", "endnotes", "boxes", "header_boxes")
_TABLES_97 = {
    "styles": 0xA2,
    "comment_refs": 0xBA,
    "comment_texts": 0xC2,
    "header_texts": 0xF2,
    "characters": 0xFA,
    "paragraphs": 0x102,
    "fonts": 0x112,
    "pieces": 0x1A2,
    "comment_owners": 0x1BA,
    "lists": 0x2E2,
    "list_overrides": 0x2EA,
}
_TABLES_6 = {"characters": 0xB8, "paragraphs": 0xC0, "fonts": 0xD0, "pieces": 0x160}


@dataclass(frozen=True)
class Fib:
    """Where things are. `lengths` are characters of each story, and `tables` slices of the table stream."""

    is_word6: bool
    language: int
    is_complex: bool
    table_stream: str
    text_start: int
    text_end: int
    lengths: dict[str, int]
    tables: dict[str, tuple[int, int]]

    def table(self, name: str, stream: bytes) -> bytes:
        """Return a table, b"" if the document has none."""
        start, length = self.tables.get(name, (0, 0))
        return stream[start : start + length]


def read_fib(main: bytes) -> Fib:
    """Return the block. Raises InvalidFile if it is damaged or the file encrypted, UnsupportedFile if it is too old."""
    if len(main) < 0x200:
        raise InvalidFile(DAMAGED_MESSAGE)
    magic, version = struct.unpack_from("<HH", main)
    if magic not in _MAGICS:
        raise InvalidFile(DAMAGED_MESSAGE)
    if version < _OLDEST_VERSION:
        raise UnsupportedFile(_TOO_OLD_MESSAGE)
    language, flags = struct.unpack_from("<H", main, 6)[0], struct.unpack_from("<H", main, 0x0A)[0]
    if flags & _FLAG_ENCRYPTED:
        raise ProtectedFile(ENCRYPTED_MESSAGE)
    is_word6 = version < _WORD_97
    lengths = struct.unpack_from("<8i", main, _LENGTHS["6" if is_word6 else "97"])
    table_97 = "1Table" if flags & _FLAG_TABLE_1 else "0Table"
    start, end = struct.unpack_from("<II", main, 0x18)
    offsets = _TABLES_6 if is_word6 else _TABLES_97
    return Fib(
        is_word6,
        language,
        bool(flags & _FLAG_COMPLEX),
        "WordDocument" if is_word6 else table_97,
        start,
        end,
        {name: max(length, 0) for name, length in zip(_STORIES, lengths, strict=True)},
        {name: _slice(main, offset) for name, offset in offsets.items()},
    )


def _slice(main: bytes, offset: int) -> tuple[int, int]:
    if offset + 8 > len(main):
        return 0, 0
    start, length = struct.unpack_from("<II", main, offset)
    return start, length
