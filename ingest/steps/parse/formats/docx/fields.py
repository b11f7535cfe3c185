"""Fields of Word: their results are text, their instructions are not, except where the instruction is all there is.

Source: ECMA-376 part 1, 17.16. Fields are nested, and a field may begin and end in different paragraphs.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.ooxml.xml import attribute, child, child_value, children, is_on, to_int
from ingest.steps.parse.formats.symbols import symbol_text

_MAX_OPEN = 50
_MAX_INSTRUCTION = 2_000
CHECKED, UNCHECKED = "☒", "☐"

_SYMBOL = re.compile(r"SYMBOL\s+(0x[0-9a-f]+|\d+)(?:.*?\\f\s+(?:\"([^\"]*)\"|(\S+)))?", re.I)
_QUOTE = re.compile(r"QUOTE\s+\"([^\"]*)\"", re.I)
_BUTTON = re.compile(r"(?:MACROBUTTON|GOTOBUTTON)\s+\S+\s+(.+)", re.I | re.S)
_EQUATION = re.compile(r"EQ\s+(.+)", re.I | re.S)
_OPTIONS = re.compile(
    r"\\(?:al|ar|ac|co\d+|vs\d+|hs\d+|up\d*|do\d*|di\d*|li|ri|to|le|bo|su|pr|in|fc\\.|vc\\.|bc\\.)\s*", re.I
)


@dataclass
class _Field:
    instruction: list[str] = field(default_factory=list)
    form: str = ""
    is_in_result: bool = False
    has_result: bool = False


class Fields:
    """The open fields of one part."""

    def __init__(self) -> None:
        self.open: list[_Field] = []

    def is_in_instruction(self) -> bool:
        """Return whether text belongs to an instruction and is not shown."""
        return any(not one.is_in_result for one in self.open)

    def begin(self, character: Any) -> None:
        """Open a field at its fldChar, which holds the data of an old form field."""
        if len(self.open) < _MAX_OPEN:
            data = child(character, "ffData")
            self.open.append(_Field(form="" if data is None else form_text(data)))

    def add_instruction(self, text: str) -> None:
        """Add a part of the instruction of the innermost field."""
        if self.open:
            self.open[-1].instruction.append(text)

    def separate(self) -> None:
        """Begin the result of the innermost field."""
        if self.open:
            self.open[-1].is_in_result = True

    def add_result(self) -> None:
        """Note that the open fields have a result."""
        for one in self.open:
            one.has_result = True

    def end(self) -> str:
        """Close the innermost field. Return what it shows if it has no result of its own."""
        if not self.open:
            return ""
        closed = self.open.pop()
        if closed.has_result or self.is_in_instruction():
            return ""
        text = closed.form or instruction_text("".join(closed.instruction)[:_MAX_INSTRUCTION])
        if text:
            self.add_result()
        return text

    def end_paragraph(self) -> None:
        """End the instructions that are open: a field that a program left open must not hide the rest of the text."""
        for one in self.open:
            one.is_in_result = True


def form_text(data: Any) -> str:
    """Return the value of an old form field (w:ffData): its check mark, selected entry or default text."""
    if (box := child(data, "checkBox")) is not None:
        checked = child(box, "checked")
        return CHECKED if is_on(child(box, "default") if checked is None else checked) else UNCHECKED
    if (entries := child(data, "ddList")) is not None:
        texts = [attribute(entry, "val") for entry in children(entries, "listEntry")]
        selected = to_int(child_value(entries, "result") or child_value(entries, "default"))
        return texts[selected] if selected < len(texts) else ""
    return child_value(data, "textInput", "default")


def instruction_text(instruction: str) -> str:
    """Return what a field without a stored result shows, if that follows from its instruction, else ""."""
    instruction = instruction.strip()
    if match := _SYMBOL.match(instruction):
        return _symbol(match[1], match[2] or match[3] or "Symbol")
    if match := _QUOTE.match(instruction):
        return match[1]
    if match := _BUTTON.match(instruction):
        return match[1].strip()
    if match := _EQUATION.match(instruction):
        return _equation(match[1])
    return ""


def _symbol(code: str, font: str) -> str:
    number = int(code, 0) if len(code) < 9 and (code[:2].lower() == "0x" or not code.startswith("0")) else 0
    is_character = 0x20 <= number < 0xD800 or 0xE000 <= number <= 0xFFFF
    return symbol_text(font, chr(number)) if is_character else ""


def _equation(text: str) -> str:
    r"""Return an equation field such as \f(1,2) in a line: 1/2; unknown switches leave their operands."""
    text = _OPTIONS.sub("", text)
    for pattern, replacement in _EQUATION_PARTS:
        for _ in range(8):  # the depth of nesting that is resolved, from the inside
            text, count = pattern.subn(replacement, text)
            if not count:
                break
    return re.sub(r"\\([a-z])", "", text, flags=re.I).replace("\\", "").strip()


_EQUATION_PARTS = (
    (re.compile(r"\\f\s*\(([^(),;\\]{0,200})[,;]([^(),;\\]{0,200})\)", re.I), r"\1/\2 "),
    (re.compile(r"\\r\s*\([,;]?([^(),;\\]{0,200})\)", re.I), r"√(\1)"),
    (re.compile(r"\\r\s*\(([^(),;\\]{0,200})[,;]([^(),;\\]{0,200})\)", re.I), r"\1√(\2)"),
    (re.compile(r"\\s\s*\(([^(),;\\]{0,200})\)", re.I), r"^(\1)"),
)
