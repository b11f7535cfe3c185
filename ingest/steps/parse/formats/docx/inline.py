"""The text inside a Word paragraph: runs, fields, symbols, formulas; and what is anchored in it: boxes, charts, objects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.docx.fields import Fields
from ingest.steps.parse.formats.docx.run_formats import RunFormats
from ingest.steps.parse.formats.docx.styles import Definitions, Script
from ingest.steps.parse.formats.ooxml.drawingml import text_of_body
from ingest.steps.parse.formats.ooxml.math import math_text
from ingest.steps.parse.formats.ooxml.xml import LOCAL_NAMES, attribute, child, children, is_on, local_name
from ingest.steps.parse.formats.scripts import subscript, superscript
from ingest.steps.parse.formats.symbols import PRIVATE_BULLET, symbol, symbol_text

MAX_DEPTH = 80
"""Nested elements in a paragraph; the text of deeper ones is read without structure."""

SOFT_HYPHEN = "\xad"
_CHARACTERS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_IGNORED = frozenset(
    # Properties; text that was deleted or moved away; the reading above a ruby base; what stands for no character.
    [
        "pPr",
        "rPr",
        "sdtPr",
        "sdtEndPr",
        "del",
        "moveFrom",
        "delText",
        "delInstrText",
        "rt",
        "rubyPr",
        "softHyphen",
        "proofErr",
        "bookmarkStart",
        "bookmarkEnd",
        "lastRenderedPageBreak",
        "footnoteReference",
        "endnoteReference",
        "annotationRef",
        "commentReference",
        "tblPr",
        "trPr",
        "tcPr",
        "sectPr",
        "fldData",
        "Fallback",
        "binData",
    ]
)
_PICTURE_NAME = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".svg")


@dataclass
class Anchored:
    """What hangs on a paragraph beside its text: text boxes, and the relationship ids of charts, diagrams, objects."""

    blocks: list[Any] = field(default_factory=list)
    references: list[tuple[str, str]] = field(default_factory=list)  # (kind, relationship id)

    def __bool__(self) -> bool:
        return bool(self.blocks or self.references)


class InlineReader:
    """Reads the text of paragraphs of one part, in which fields may span several paragraphs."""

    def __init__(self, definitions: Callable[[], Definitions]) -> None:
        self._formats = RunFormats(definitions)
        self._fields = Fields()
        self._parts: list[str] = []
        self._script: Script = ""
        self._script_parts: list[str] = []
        self._anchored = Anchored()

    def read(self, paragraph: Any) -> tuple[str, Anchored]:
        """Return the text of a paragraph or of any element inside one, and what is anchored in it."""
        self._parts = []
        if self._anchored:
            self._anchored = Anchored()
        if local_name(paragraph) == "r":
            self._run(paragraph, 0)
        else:
            self._children(paragraph, 0)
        if self._script:
            self._flush_script()
        if self._fields.open:
            self._fields.end_paragraph()
        text = "".join(self._parts)
        return text.replace(SOFT_HYPHEN, "") if SOFT_HYPHEN in text else text, self._anchored

    def _children(self, element: Any, depth: int) -> None:
        for node in element:
            name = LOCAL_NAMES.get(node.tag) or local_name(node)
            if name in _IGNORED:
                continue
            if name == "r":
                self._run(node, depth)
            elif reader := _READERS.get(name):
                reader(self, node, depth + 1)
            elif len(node):
                self._nested(node, depth + 1)
            elif name == "t":
                self._write(node.text or "")

    def _nested(self, element: Any, depth: int) -> None:
        if depth < MAX_DEPTH:
            self._children(element, depth)
        else:
            self._write("".join(element.itertext("{*}t")))

    def _run(self, run: Any, depth: int) -> None:
        script: Script = ""
        font = ""
        for node in run:
            name = LOCAL_NAMES.get(node.tag) or local_name(node)
            if name == "t":
                text = node.text
                if text:
                    self._write(symbol_text(font, text) if font or PRIVATE_BULLET in text else text, script)
            elif name == "rPr":
                if len(node):
                    script, font = self._formats.read(node)
            elif name in _CHARACTERS:
                self._write(_CHARACTERS[name])
            elif name == "sym":
                self._write(symbol(attribute(node, "font"), attribute(node, "char")), script)
            elif name in _IGNORED:
                continue
            elif reader := _READERS.get(name):
                reader(self, node, depth + 1)
            elif len(node):
                self._nested(node, depth + 1)

    def _write(self, text: str, script: Script = "") -> None:
        if not text:
            return
        if self._fields.open:
            if self._fields.is_in_instruction():
                return
            self._fields.add_result()
        if script != self._script:
            self._flush_script()
            self._script = script
        (self._script_parts if script else self._parts).append(text)

    def _flush_script(self) -> None:
        """Write the raised or lowered text of adjacent runs, which Word splits anywhere."""
        if self._script_parts:
            text = "".join(self._script_parts)
            self._script_parts.clear()
            is_start = not any(self._parts) or self._parts[-1][-1:].isspace()
            written = superscript(text) if self._script == "superscript" else subscript(text)
            # A number before a footnote, or a raised word of its own, has no base to keep it apart from.
            self._parts.append(text if is_start and not text.strip().isdecimal() else written)
        self._script = ""

    def _field_character(self, node: Any, depth: int) -> None:
        match attribute(node, "fldCharType"):
            case "begin":
                self._fields.begin(node)
            case "separate":
                self._fields.separate()
            case "end":
                self._write(self._fields.end())

    def _block(self, node: Any, depth: int) -> None:
        """Put off a block inside a paragraph, which a repaired file may have, so that its text does not run into it."""
        self._anchored.blocks.append(node)

    def _instruction(self, node: Any, depth: int) -> None:
        self._fields.add_instruction(node.text or "")

    def _ruby(self, node: Any, depth: int) -> None:
        for base in children(node, "rubyBase"):
            self._nested(base, depth)

    def _math(self, node: Any, depth: int) -> None:
        text = math_text(node)
        self._flush_script()
        is_apart = not text or not self._parts or not (self._parts[-1][-1:].isalnum() and text[0].isalnum())
        self._write(text if is_apart else f" {text}")

    def _alternatives(self, node: Any, depth: int) -> None:
        """Read the first alternative that has content: programs write the same content in forms of different ages."""
        if depth >= MAX_DEPTH:
            return
        for alternative in (*children(node, "Choice"), *children(node, "Fallback")):
            before = self._size()
            self._alternative(alternative, depth)
            if self._size() > before:
                return

    def _size(self) -> int:
        anchored = len(self._anchored.blocks) + len(self._anchored.references)
        return len(self._parts) + len(self._script_parts) + anchored

    def _alternative(self, element: Any, depth: int) -> None:
        """Read one alternative, which stands between runs, in a run or in a drawing."""
        for node in element:
            name = local_name(node)
            if name in _CHARACTERS or name in ("t", "sym"):
                self._run(element, depth)
                return
            if name in _IGNORED:
                continue
            (_READERS.get(name) or InlineReader._drawing)(self, node, depth + 1)

    def _content_control(self, node: Any, depth: int) -> None:
        if not is_placeholder(node):
            for content in children(node, "sdtContent"):
                self._nested(content, depth)

    def _drawing(self, node: Any, depth: int) -> None:
        """Read a drawing: alternative texts, text boxes, WordArt, and references to charts, diagrams and objects."""
        waiting = [node]
        seen: set[str] = set()
        while waiting:
            element = waiting.pop()
            name = local_name(element)
            if name == "txbxContent":
                self._anchored.blocks.append(element)
            elif name == "AlternateContent":
                self._alternatives(element, depth + 1)
            elif name == "txBody":
                self._write_apart(text_of_body(element))
            elif name == "r":
                self._run(element, depth + 1)
            elif name not in _IGNORED:
                self._drawing_element(element, name, seen)
                waiting.extend(reversed(element))

    def _drawing_element(self, element: Any, name: str, seen: set[str]) -> None:
        text = ""
        match name:
            case "docPr" | "cNvPr":
                text = element.get("descr") or element.get("title") or ""
            case "shape" | "rect" | "roundrect" | "oval":
                text = element.get("alt") or ""
            case "textpath":
                text = element.get("string") or ""
            case "chart" | "relIds" | "OLEObject" | "objectEmbed" | "control":
                if reference := attribute(element, "dm" if name == "relIds" else "id"):
                    self._anchored.references.append((name, reference))
        text = text.strip()
        if text and text not in seen and not text.lower().endswith(_PICTURE_NAME):
            seen.add(text)
            self._write_apart(text)

    def _write_apart(self, text: str) -> None:
        """Write the text of a picture between spaces, so that it does not run into words beside it."""
        if text:
            self._write(f" {text} ")


def is_placeholder(control: Any) -> bool:
    """Return whether a content control (w:sdt) shows its prompt, such as "Click here to enter text", as its content."""
    return is_on(child(control, "sdtPr", "showingPlcHdr"))


_READERS: dict[str, Callable[[InlineReader, Any, int], None]] = {
    "r": InlineReader._run,
    "p": InlineReader._block,
    "tbl": InlineReader._block,
    "hyperlink": InlineReader._nested,
    "ins": InlineReader._nested,
    "moveTo": InlineReader._nested,
    "fldSimple": InlineReader._nested,
    "fldChar": InlineReader._field_character,
    "instrText": InlineReader._instruction,
    "ruby": InlineReader._ruby,
    "oMath": InlineReader._math,
    "oMathPara": InlineReader._math,
    "AlternateContent": InlineReader._alternatives,
    "sdt": InlineReader._content_control,
    "drawing": InlineReader._drawing,
    "pict": InlineReader._drawing,
    "object": InlineReader._drawing,
}
