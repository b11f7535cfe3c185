r"""Read RTF: follow its groups and control words, and hand the text to stories.

Real files break most rules: groups are not closed, text is not 7-bit, and programs write control words of their own.
Nothing here raises for that: unknown control words are ignored, and unknown destinations that start with "\*" skipped.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.steps.parse.formats.rtf import tokens, words
from ingest.steps.parse.formats.rtf.charsets import SYMBOL_CHARSET
from ingest.steps.parse.formats.rtf.document import Document
from ingest.steps.parse.formats.rtf.fields import Form
from ingest.steps.parse.formats.rtf.state import State
from ingest.steps.parse.formats.story import Capture
from ingest.steps.parse.formats.symbols import is_symbol_font, symbol_text

Action = Callable[["Reader", int | None], None]
"""What a control word with or without a number does."""

EnterDestination = Callable[["Reader", str, int], bool]
"""Handles a control word that may start a destination and ends at a position; returns whether it was known."""

_ESCAPED_BYTES = re.compile(rb"(?:\\'[89a-fA-F][0-9a-fA-F])+")
_MORE_TEXT = re.compile(rb"\\(?:par|pard|rtf1|cell|row)\b")


@dataclass(frozen=True)
class Language:
    """What the reader knows of RTF. All words that are not in `known_words` are formatting."""

    actions: Mapping[str, Action]
    enter_destination: EnterDestination
    known_words: frozenset[bytes]


class Field:
    """An open field. `start` is the amount of text before it."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.instruction = Capture()
        self.form: Form | None = None


class Reader:
    """Reads one file into a Document."""

    def __init__(self, data: bytes, language: Language) -> None:
        self.data = data
        self.document = Document()
        self.state = State(self.document.body)
        self.fields: list[Field] = []
        self.default_font = -1
        self.font_number = 0
        self.style_number = 0
        self.style_outline_level: int | None = None
        self.style_name = ""
        self.cell_edges = [0]  # of the cells of the row that is defined last, in twips from the margin
        self.script_percent = 0  # the size of the next raised or lowered text, 0 if not given
        self.shape_property = Capture()  # the name of the last one
        self.is_starred = False
        self.written = 0  # pieces of text so far
        self.next_position: int | None = None  # where to continue after something was skipped
        self._actions = language.actions
        self._known_words = language.known_words
        self._enter_destination = language.enter_destination
        self._stack: list[State] = []
        self._bytes = bytearray()  # text whose character set is that of the current font
        self._fallback = 0  # characters to skip after a \u
        self._high = 0  # first half of a surrogate pair
        self._text_size = 0  # of the last text that is neither raised nor lowered
        self._is_raw_text_utf8 = not data.isascii() and _is_utf8(data)
        self._are_escapes_utf8 = _are_escapes_utf8(data)

    def read(self) -> Document:
        """Read the file to its end."""
        position: int | None = max(self.data.find(b"{\\rtf"), 0)
        while position is not None:
            position = self._read_from(position)
        self._flush()
        while self._stack:
            self._close_group()
        return self.document

    def skip_group(self, position: int) -> bytes:
        """Skip the rest of the group around `position`, and return it."""
        end = tokens.end_of_group(self.data, position)
        if end is None:
            self.document.is_cut = True
            end = len(self.data)
        self.next_position = end
        return self.data[position:end]

    def write(self, text: str) -> None:
        """Add text where the current group's text goes."""
        state = self.state
        if state.is_hidden or state.is_deleted or state.is_suppressed or not text:
            return
        if state.mode:
            self._define(text)
            return
        self.written += state.sink.is_text
        script = state.script
        if state.small_shift:
            script = state.small_shift if state.size < self._text_size else ""
        elif not script:
            self._text_size = state.size
        state.sink.write(text, script)

    def end_paragraph(self) -> None:
        """End the paragraph of the current story."""
        self.state.sink.end_paragraph(self.state.paragraph)

    def write_code(self, code: int) -> None:
        r"""Add the character of a `\u` code, and skip its fallback."""
        self._flush()
        if code < 0:
            code += 0x10000  # RTF writes codes as signed 16-bit numbers
        self._fallback = self.state.fallback_length
        if 0xD800 <= code < 0xDC00:
            self._high = code
            return
        high, self._high = self._high, 0
        if 0xDC00 <= code < 0xE000:
            self.write(chr(0x10000 + (high - 0xD800) * 0x400 + code - 0xDC00) if high else "\ufffd")
        elif 0xF000 <= code < 0xF100:
            self.write(symbol_text(self._font_name(), chr(code)))
        elif 0 < code < 0x110000:
            self.write(chr(code))

    def _read_from(self, position: int) -> int | None:
        """Read tokens from a position. Return where to continue if something is skipped, or None at the end."""
        for token in tokens.TOKEN.finditer(self.data, position):
            kind = token.lastindex
            if kind == tokens.TEXT:
                self._add_text(token[tokens.TEXT])
            elif kind == tokens.BYTE:
                if self._fallback:
                    self._fallback -= 1
                else:
                    self._bytes.append(int(token[tokens.BYTE], 16))
            elif kind == tokens.BRACE:
                if token[tokens.BRACE] == b"{":
                    self._open_group()
                elif self._close_group() and not _MORE_TEXT.search(self.data, token.end()):
                    return None
            elif kind == tokens.SYMBOL:
                self._symbol(token[tokens.SYMBOL])
            elif kind is not None:
                word = token[tokens.WORD]
                if word not in self._known_words and not (self.is_starred or self._fallback or word.endswith(b"Pr")):
                    continue  # formatting, as most words are
                number = token[tokens.WORD_WITH_NUMBER]
                self._word(word.decode("ascii"), None if number is None else int(number), token.end())
                if self.next_position is not None:
                    position, self.next_position = self.next_position, None
                    return position
        return None

    def _open_group(self) -> None:
        self._flush()
        self._fallback = 0
        self._stack.append(self.state)
        self.state = self.state.copy()

    def _close_group(self) -> bool:
        """Close a group. Return whether it was the last open one."""
        self._flush()
        self._fallback = 0
        self.is_starred = False
        if not self._stack:
            return False
        if self.state.on_close:
            self.state.on_close()
        self.state = self._stack.pop()
        return not self._stack

    def _word(self, word: str, number: int | None, end: int) -> None:
        if self._fallback:
            if word in words.FALLBACK_CHARACTERS:
                self._fallback -= 1
                return
            self._fallback = 0
        if self._bytes:
            self._flush()
        starred, self.is_starred = self.is_starred, False
        if character := words.CHARACTERS.get(word):
            self.write(character)
        elif word == "bin":
            self.next_position = end + max(number or 0, 0)
        elif action := self._actions.get(word):
            action(self, number)
        elif not self._enter_destination(self, word, end) and starred:
            self.skip_group(end)

    def _symbol(self, symbol: bytes) -> None:
        character = symbol.decode("latin-1")
        if character in "\r\n":
            self._word("par", None, 0)
        elif character == "*":
            self._fallback = 0
            self.is_starred = True
        elif text := words.SYMBOLS.get(character):
            if self._fallback:
                self._fallback -= 1
            elif text.isascii():
                self._bytes += text.encode()  # it may be the second byte of a character
            else:
                self._flush()
                self.write(text)

    def _add_text(self, text: bytes) -> None:
        if self._fallback:
            skipped = min(self._fallback, len(text))
            self._fallback -= skipped
            text = text[skipped:]
        if self._is_raw_text_utf8 and not text.isascii():
            self._flush()
            self.write(text.decode("utf-8", "replace"))
        else:
            self._bytes += text

    def _flush(self) -> None:
        if not self._bytes:
            return
        data = bytes(self._bytes)
        self._bytes.clear()
        self._high = 0
        state = self.state
        if state.mode:
            self._define(data.decode("latin-1"))
            return
        charsets = self.document.charsets
        number = state.font
        font = charsets.fonts.get(number)
        if font is not None and font.charset == SYMBOL_CHARSET:
            encoding = "latin-1" if is_symbol_font(font.name) else "cp1252"
            self.write(symbol_text(font.name, data.decode(encoding, "replace")))
            return
        if data.isascii():
            self.write(data.decode("ascii"))
            return
        if state.is_right_to_left:
            other = charsets.fonts.get(state.right_to_left_font)
            number = state.right_to_left_font if other is not None and other.is_right_to_left else number
        codec = charsets.codec(number)
        if self._are_escapes_utf8 and codec.startswith("cp125"):
            codec = "utf-8"
        text = data.decode(codec, "replace")
        self.document.replaced_bytes += text.count("\ufffd")
        self.write(text)

    def _font_name(self) -> str:
        font = self.document.charsets.fonts.get(self.state.font)
        return font.name if font else ""

    def _define(self, text: str) -> None:
        """Take text of the font table or the style sheet: names, each with a semicolon at its end."""
        name, semicolon, _ = text.partition(";")
        if self.state.mode == "fonts":
            if font := self.document.charsets.fonts.get(self.font_number):
                font.name = (font.name + name).strip()
            return
        self.style_name += name
        if semicolon:
            self.document.define_style(self.style_number, self.style_name, self.style_outline_level)
            self.style_number, self.style_name, self.style_outline_level = 0, "", None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_escapes_utf8(data: bytes) -> bool:
    r"""Return whether all bytes above 127 that are written as \'xx are UTF-8, as some programs write whatever they get.

    A letter of a code page between ASCII letters is no UTF-8, so the first few escapes decide in other files.
    """
    runs = _ESCAPED_BYTES.finditer(data)
    found = False
    for run in runs:
        found = True
        if not _is_utf8(bytes.fromhex(run[0].replace(b"\\'", b"").decode("ascii"))):
            return False
    return found
