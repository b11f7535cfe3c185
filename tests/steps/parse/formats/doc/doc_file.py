"""Build small .doc files with formatting: one page of character runs and one of paragraphs ([MS-DOC] section 2.1)."""

import re
import struct
from dataclasses import dataclass, field

from tests.steps.parse.documents import DocumentBuilder

_TEXT_AT = 0x800
_PAGE = 512
_MARKS = re.compile("[\r\x07\x0c]")
STORIES = ("main", "footnotes", "headers", "macros", "comments", "endnotes", "boxes", "header_boxes")


@dataclass
class DocFile:
    """Text with formatting. `runs` are pairs of a text and its character properties.

    `paragraphs` gives a style and properties for each paragraph mark, cell mark or page break, by its number.
    """

    runs: list[tuple[str, bytes]]
    paragraphs: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    tables: dict[int, bytes] = field(default_factory=dict)  # offset in the block of information -> table
    data: bytes = b""
    word6: bool = False
    encoding: str = "utf-16-le"
    language: int = 0x409
    streams: dict[str, bytes] = field(default_factory=dict)

    def build(self) -> bytes:
        text = "".join(part for part, _ in self.runs)
        encoded = [part.encode(self.encoding) for part, _ in self.runs]
        body = b"".join(encoded)
        main = bytearray(_TEXT_AT) + body
        main += bytes(-len(main) % _PAGE)
        pages = [len(main) // _PAGE, len(main) // _PAGE + 1]
        main += self._character_page(encoded) + self._paragraph_page(text)
        table = bytearray(8)
        end = _TEXT_AT + len(body)
        entry = "<IIH" if self.word6 else "<III"
        places = (0xB8, 0xC0) if self.word6 else (0xFA, 0x102)
        for place, page in zip(places, pages, strict=True):
            self._put(main, table, place, struct.pack(entry, _TEXT_AT, end, page))
        if not self.word6:
            narrow = 0x4000_0000 if self.encoding == "cp1252" else 0
            location = _TEXT_AT * 2 | narrow if narrow else _TEXT_AT
            piece = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, location, 0)
            self._put(main, table, 0x1A2, b"\x02" + struct.pack("<I", len(piece)) + piece)
        for place, content in self.tables.items():
            self._put(main, table, place, content)
        self._write_head(main, end)
        streams = {"WordDocument": bytes(main)}
        if not self.word6:
            streams["1Table"] = bytes(table)
        if self.data:
            streams["Data"] = self.data
        return DocumentBuilder().ole(streams | self.streams)

    def _write_head(self, main: bytearray, end: int) -> None:
        magic, version = (0xA5DC, 0x68) if self.word6 else (0xA5EC, 0xC1)
        struct.pack_into("<HHHH", main, 0, magic, version, 0, self.language)
        struct.pack_into("<H", main, 0x0A, 0 if self.word6 else 0x0200)
        struct.pack_into("<II", main, 0x18, _TEXT_AT, end)
        lengths = [self.lengths.get(name, 0) for name in STORIES]
        struct.pack_into("<8i", main, 0x34 if self.word6 else 0x4C, *lengths)

    def _put(self, main: bytearray, table: bytearray, place: int, content: bytes) -> None:
        stream = main if self.word6 else table
        struct.pack_into("<II", main, place, len(stream), len(content))
        stream += content

    def _character_page(self, encoded: list[bytes]) -> bytes:
        bounds = [_TEXT_AT]
        for part in encoded:
            bounds.append(bounds[-1] + len(part))
        entries = [bytes([len(grpprl)]) + grpprl if grpprl else b"" for _, grpprl in self.runs]
        return _page(bounds, entries, entry_bytes=1)

    def _paragraph_page(self, text: str) -> bytes:
        bounds, entries = [_TEXT_AT], []
        for number, mark in enumerate(_MARKS.finditer(text)):
            bounds.append(_TEXT_AT + len(text[: mark.end()].encode(self.encoding)))
            style, grpprl = self.paragraphs.get(number, (0, b""))
            papx = struct.pack("<H", style) + grpprl
            papx += bytes(len(papx) % 2)
            words = bytes([len(papx) // 2])
            entries.append(words + papx if self.word6 else b"\0" + words + papx)
        return _page(bounds, entries, entry_bytes=7 if self.word6 else 13)


def _page(bounds: list[int], entries: list[bytes], entry_bytes: int) -> bytes:
    page = bytearray(_PAGE)
    count = len(entries)
    struct.pack_into(f"<{count + 1}I", page, 0, *bounds)
    end = _PAGE - 2
    for number, content in enumerate(entries):
        if content:
            end = (end - len(content)) // 2 * 2
            assert end > 4 * (count + 1) + entry_bytes * count, "one page is enough for tests"
            page[end : end + len(content)] = content
            page[4 * (count + 1) + entry_bytes * number] = end // 2
    page[-1] = count
    return bytes(page)


def sprm(code: int, operand: int, size: int = 1) -> bytes:
    """Return a property."""
    return struct.pack("<H", code) + operand.to_bytes(size, "little", signed=operand < 0)


def style_sheet(styles: list[tuple[int, int, bytes]]) -> bytes:
    """Return a style sheet of (built-in number, base, paragraph properties)."""
    table = struct.pack("<HHHH", 18, len(styles), 10, 0).ljust(20, b"\0")
    for number, (built_in, base, grpprl) in enumerate(styles):
        name = "S".encode("utf-16-le")
        std = struct.pack("<HHHHH", built_in, base << 4 | 1, 1, 0, 0) + struct.pack("<H", 1) + name + b"\0\0"
        papx = struct.pack("<H", number) + grpprl
        std += bytes(len(std) % 2) + struct.pack("<H", len(papx)) + papx
        std += bytes(len(std) % 2)
        table += struct.pack("<H", len(std)) + std
    return table


def list_tables(levels: list[tuple[int, int, str]], overrides: list[dict[int, int]]) -> dict[int, bytes]:
    """Return the definition of one list with levels of (start, number format, text), and its overrides.

    In a level's text, "\\0" stands for the number of the first level. An override gives starts by level.
    """
    definition = struct.pack("<HI", 1, 77) + bytes(22) + bytes([0, 0])
    for number in range(9):
        start, number_format, text = levels[number] if number < len(levels) else (1, 255, "")
        definition += struct.pack("<iBB", start, number_format, 0) + bytes(18) + bytes(4)
        definition += struct.pack("<H", len(text)) + text.encode("utf-16-le")
    table = struct.pack("<I", len(overrides))
    table += b"".join(struct.pack("<I", 77) + bytes(8) + bytes([len(starts), 0, 0, 0]) for starts in overrides)
    for starts in overrides:
        table += b"\xff\xff\xff\xff"
        table += b"".join(struct.pack("<iI", start, level | 0x10) for level, start in starts.items())
    return {0x2E2: definition, 0x2EA: table}


def font_table(fonts: list[tuple[str, int]], *, word6: bool = False) -> bytes:
    """Return a table of fonts of (name, character set)."""
    entries = b""
    for name, charset in fonts:
        head = struct.pack("<BHBB", 0, 400, charset, 0)
        content = head + name.encode() + b"\0" if word6 else head + bytes(34) + (name + "\0").encode("utf-16-le")
        entries += bytes([len(content)]) + content
    return struct.pack("<H", len(entries) + 2) + entries if word6 else struct.pack("<HH", len(fonts), 0) + entries
