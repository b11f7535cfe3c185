"""The style sheet: headings, and lists that belong to styles ([MS-DOC] section 2.9.271)."""

import struct
from dataclasses import dataclass

from ingest.steps.parse.formats.doc.properties import ParagraphProperties, read_paragraph

_PARAGRAPH_STYLE = 1
_NO_STYLE = 0xFFF
_TITLE = 62  # built-in styles 1 to 9 are headings
_MAX_ANCESTORS = 20
_BODY_TEXT_LEVEL = 9


@dataclass(frozen=True)
class _Style:
    built_in: int
    base: int
    paragraph: ParagraphProperties


class Styles:
    """The paragraph styles of one document by their numbers."""

    def __init__(self, stsh: bytes) -> None:
        self._styles: dict[int, _Style] = {}
        try:
            self._parse(stsh)
        except (struct.error, IndexError):
            return

    def heading(self, number: int) -> int:
        """Return the level of a heading style, 0 for others."""
        for style in self._ancestors(number):
            if 1 <= style.built_in <= 9:
                return style.built_in
            if style.built_in == _TITLE:
                return 1
            if style.paragraph.outline_level is not None and style.paragraph.outline_level < _BODY_TEXT_LEVEL:
                return style.paragraph.outline_level + 1
        return 0

    def list_position(self, number: int) -> tuple[int, int]:
        """Return the list and the level that a style has, (0, 0) if none."""
        list_number = level = None
        for style in self._ancestors(number):
            list_number = style.paragraph.list_number if list_number is None else list_number
            level = style.paragraph.list_level if level is None else level
        return list_number or 0, level or 0

    def _ancestors(self, number: int) -> list[_Style]:
        found: list[_Style] = []
        while (style := self._styles.get(number)) is not None and len(found) < _MAX_ANCESTORS:
            found.append(style)
            number = style.base
        return found

    def _parse(self, stsh: bytes) -> None:
        if len(stsh) < 6:
            return
        header_bytes, count, base_bytes = struct.unpack_from("<HHH", stsh)
        position = 2 + header_bytes
        for number in range(count):
            length = struct.unpack_from("<H", stsh, position)[0]
            if length >= base_bytes > 0:
                self._parse_style(number, stsh[position + 2 : position + 2 + length], base_bytes)
            position += 2 + length

    def _parse_style(self, number: int, std: bytes, base_bytes: int) -> None:
        built_in, kind_and_base = struct.unpack_from("<HH", std)
        if kind_and_base & 0xF != _PARAGRAPH_STYLE:
            return
        at = base_bytes + 2 + 2 * struct.unpack_from("<H", std, base_bytes)[0] + 2  # behind the name
        at += at % 2
        length = struct.unpack_from("<H", std, at)[0] if at + 2 <= len(std) else 0
        properties = read_paragraph(std[at + 4 : at + 2 + length], number, b"")
        base = kind_and_base >> 4
        self._styles[number] = _Style(built_in & 0xFFF, -1 if base == _NO_STYLE else base, properties)
