"""The characters of a Word document with their formatting, story by story ([MS-DOC] section 2.4)."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from ingest.steps.parse.formats.doc.document import Document
from ingest.steps.parse.formats.doc.form_data import form_text
from ingest.steps.parse.formats.doc.properties import (
    PLAIN,
    Characters,
    ParagraphProperties,
    read_characters,
    read_paragraph,
)
from ingest.steps.parse.formats.docx.fields import instruction_text
from ingest.steps.parse.formats.docx.numbering import ListPosition
from ingest.steps.parse.formats.story import Paragraph, Story
from ingest.steps.parse.formats.symbols import is_symbol_font, symbol_text

_CONTROLS = re.compile("([\x00-\x08\x0b-\x1f])")
_REPLACEMENTS = {"\x0b": "\n", "\x0e": "\n", "\x1e": "-"}
_PICTURE, _CELL, _PAGE, _PARAGRAPH, _FIELD, _RESULT, _FIELD_END = "\x01", "\x07", "\x0c", "\r", "\x13", "\x14", "\x15"
_MAX_FIELDS = 200
_MAX_DEPTH = 30
_DEFAULT_SIZE = 20  # half points; Word's, where no style says another
_CACHED_PROPERTIES = 512


@dataclass
class _Field:
    instruction: list[str] = field(default_factory=list)
    form: str = ""
    is_in_result: bool = False
    has_result: bool = False


class StoryReader:
    """Reads a range of characters as a story."""

    def __init__(self, document: Document) -> None:
        self.images = 0
        self._document = document
        self._is_word6 = document.fib.is_word6
        self._story = Story()
        self._fields: list[_Field] = []
        self._text_size = 0  # of the last text that is neither raised nor lowered; 0 if its style gives it
        self._was_cell = False  # whether the previous character ended a cell
        self._characters = lru_cache(_CACHED_PROPERTIES)(self._parse_characters)
        self._paragraph = lru_cache(_CACHED_PROPERTIES)(self._parse_paragraph)

    def read(self, start: int, end: int) -> Story:
        """Return the story of characters [start, end)."""
        document = self._document
        self._story, self._fields, self._was_cell = Story(), [], False
        for piece in document.pieces_of(start, end):
            first, last = max(start, piece.start), min(end, piece.end)
            if first >= last:
                continue
            offset = piece.offset + (first - piece.start) * piece.width
            stop = piece.offset + (last - piece.start) * piece.width
            for run_start, run_end, grpprl in document.character_runs.split(offset, stop):
                properties = self._characters(grpprl, piece.modifiers)
                self._read_run(run_start, run_end, piece.width, properties)
        self._story.end(Paragraph())
        return self._story

    def _parse_characters(self, grpprl: bytes, modifiers: bytes) -> Characters:
        properties = read_characters(grpprl, is_word6=self._is_word6) if grpprl else PLAIN
        return read_characters(modifiers, properties, is_word6=self._is_word6) if modifiers else properties

    def _parse_paragraph(self, papx: bytes) -> ParagraphProperties:
        style = int.from_bytes(papx[:2], "little")
        return read_paragraph(papx[2:], style, self._document.data, is_word6=self._is_word6)

    def _read_run(self, start: int, end: int, width: int, properties: Characters) -> None:
        raw = self._document.main[start:end]
        text = self._decode(raw, width, properties)
        position = start
        for part in _CONTROLS.split(text):
            if not part:
                continue
            if len(part) == 1 and part < " " and part != "\t":
                self._control(part, position, properties)
            else:
                self._write(part, properties)
                self._was_cell = False
            position += len(part) * width if part.isascii() or width == 1 else len(part.encode("utf-16-le", "replace"))

    def _decode(self, raw: bytes, width: int, properties: Characters) -> str:
        charsets = self._document.charsets
        if width == 2:
            text = raw.decode("utf-16-le", "replace")
        elif not self._is_word6 or raw.isascii():
            text = raw.decode("cp1252", "replace")
        else:
            text = raw.decode(charsets.codec(properties.font), "replace")
            if len(text) != len(raw):  # double bytes: padding keeps the offsets of what follows
                text = text.ljust(len(raw), "\0")
        font = charsets.fonts.get(properties.font)
        return symbol_text(font.name, text) if font is not None and is_symbol_font(font.name) else text

    def _write(self, text: str, properties: Characters) -> None:
        if properties.is_deleted or properties.is_hidden:
            return
        if properties.symbol is not None:
            font_number, code = properties.symbol
            font = self._document.charsets.fonts.get(font_number)
            symbol = symbol_text(font.name if font else "Symbol", chr(code)) if 0x20 <= code < 0xD800 else ""
            symbol = symbol or (symbol_text(font.name if font else "Symbol", chr(code)) if code >= 0xE000 else "")
            text = symbol * len(text)
        if self._fields:
            innermost = next((one for one in reversed(self._fields) if not one.is_in_result), None)
            if innermost is not None:
                innermost.instruction.append(text)
                return
            for one in self._fields:
                one.has_result = True
        script = properties.script
        if properties.small_shift:
            script = properties.small_shift if 0 < properties.size < (self._text_size or _DEFAULT_SIZE) else ""
        elif not script:
            self._text_size = properties.size
        self._story.write(text, script)

    def _control(self, character: str, position: int, properties: Characters) -> None:
        if character in (_CELL, _PARAGRAPH, _PAGE):
            if not properties.is_deleted:
                self._end(character, position)
            return
        self._was_cell = False
        if character == _FIELD:
            if len(self._fields) < _MAX_FIELDS:
                self._fields.append(_Field())
        elif character == _RESULT and self._fields:
            self._fields[-1].is_in_result = True
        elif character == _FIELD_END and self._fields:
            self._end_field(properties)
        elif character == _PICTURE:
            self._read_picture(properties)
        elif replacement := _REPLACEMENTS.get(character):
            self._write(replacement, properties)

    def _read_picture(self, properties: Characters) -> None:
        if self._fields and not self._fields[-1].is_in_result:  # the data of a form field
            self._fields[-1].form = form_text(self._document.data, properties.picture)
        elif not (properties.is_object or properties.is_hidden or properties.is_deleted):
            self.images += 1

    def _end_field(self, properties: Characters) -> None:
        one = self._fields.pop()
        if not one.has_result:
            shown = one.form or instruction_text("".join(one.instruction))
            if shown:
                self._write(shown, properties)

    def _end(self, character: str, position: int) -> None:
        """End a paragraph, a cell or a row."""
        papx = self._document.paragraph_runs.at(position)
        properties = self._paragraph(papx) if papx is not None else ParagraphProperties()
        paragraph = self._paragraph_of(properties)
        if character == _CELL:
            is_row_end = properties.is_row_end if papx is not None else self._was_cell
            if is_row_end:
                self._story.end_row(1, properties.edges)
            else:
                self._story.end_cell(paragraph, 1)
            self._was_cell = not is_row_end
            return
        self._was_cell = False
        if properties.is_inner_row_end:
            self._story.end_row(max(paragraph.table_depth, 2))
        elif properties.is_inner_cell:
            self._story.end_cell(paragraph, max(paragraph.table_depth, 2))
        else:
            self._story.end_paragraph(paragraph)

    def _paragraph_of(self, properties: ParagraphProperties) -> Paragraph:
        """Return the paragraph as a story knows it, and set its number."""
        styles, outline = self._document.styles, properties.outline_level
        heading = styles.heading(properties.style) if outline is None else (outline + 1 if outline < 9 else 0)
        depth = min(properties.depth or int(properties.is_in_table), _MAX_DEPTH)
        style_list, style_level = styles.list_position(properties.style)
        number = style_list if properties.list_number is None else properties.list_number
        level = style_level if properties.list_level is None else properties.list_level
        if number and not properties.is_row_end and level < 9:
            position = ListPosition(str(number), level)
            if str(number) in self._document.numbering.lists:
                self._story.set_marker(self._document.numbering.count_paragraph(position) or "-")
        return Paragraph(depth, heading, level if number else 0)
