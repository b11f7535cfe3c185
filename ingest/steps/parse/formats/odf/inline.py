"""The text of OpenDocument paragraphs: spans, fields, notes and what is anchored in them (ODF 1.3 part 3, 6 and 7)."""

import re
from collections.abc import Iterator
from typing import Any

from ingest.steps.parse.formats.html.mathml import math_to_text
from ingest.steps.parse.formats.odf.forms import Forms
from ingest.steps.parse.formats.odf.names import attribute, name, to_int
from ingest.steps.parse.formats.odf.package import Package
from ingest.steps.parse.formats.odf.styles import Styles
from ingest.steps.parse.formats.scripts import subscript, superscript

MAX_DEPTH = 120
"""Nested elements. The text of deeper ones is read without its structure."""

_MAX_SPACES = 100
_SPACE = re.compile("[ \t\r\n]+")
_SKIPPED = frozenset(
    [
        "text:label",
        "text:ruby-text",
        "text:tracked-changes",
        "text:toc-mark",
        "text:user-index-mark",
        "text:script",
        "svg:title",
        "svg:desc",
        "office:binary-data",
        "office:event-listeners",
        "text:note-citation",
        "draw:image",
        "draw:glue-point",
        "draw:image-map",
        "presentation:event-listener",
        "text:hidden-paragraph",
        "office:annotation-end",
    ]
)
SHAPES = frozenset(
    [
        "draw:frame",
        "draw:custom-shape",
        "draw:rect",
        "draw:line",
        "draw:polyline",
        "draw:polygon",
        "draw:regular-polygon",
        "draw:path",
        "draw:circle",
        "draw:ellipse",
        "draw:g",
        "draw:connector",
        "draw:caption",
        "draw:measure",
        "draw:page-thumbnail",
        "draw:a",
        "draw:text-box",
        "dr3d:scene",
        "draw:object",
        "draw:object-ole",
    ]
)


class InlineReader:
    """Reads the text of paragraphs, and collects what belongs elsewhere: notes, comments and shapes."""

    def __init__(self, package: Package, styles: Styles, forms: Forms) -> None:
        self.notes: list[Any] = []
        self.comments: list[tuple[str, Any]] = []
        self.place = ""  # the cell of a sheet that is being read
        self.shapes: list[Any] = []
        self._package = package
        self._styles = styles
        self._forms = forms

    def text(self, paragraph: Any) -> str:
        """Return the text of a paragraph without white space around it."""
        parts: list[str] = []
        self._read(paragraph, parts, 0)
        return "".join(parts).replace("\xad", "").strip()

    def take_shapes(self) -> list[Any]:
        """Return the shapes that were anchored in the paragraphs since the last call."""
        shapes, self.shapes = self.shapes, []
        return shapes

    def _read(self, element: Any, parts: list[str], depth: int) -> None:
        if depth > MAX_DEPTH:
            parts.append(_collapse("".join(map(str, element.itertext()))))
            return
        if element.text:
            self._add(element.text, parts)
        for child in element:
            self._child(child, parts, depth)
            if child.tail:
                self._add(child.tail, parts)

    def _child(self, child: Any, parts: list[str], depth: int) -> None:
        kind = name(child)
        if kind == "text:span":
            self._span(child, parts, depth)
        elif kind in _CHARACTERS:
            parts.append(_CHARACTERS[kind] * (_count(child) if kind == "text:s" else 1))
        elif kind in _SKIPPED or not kind:
            return
        elif kind == "text:note" or kind in ("text:footnote", "text:endnote"):
            self.notes += [body for body in child if name(body).endswith("-body")]
        elif kind == "office:annotation":
            self.comments.append((self.place, child))
        elif (kind == "draw:object" and (formula := self.formula(child))) or (
            kind == "draw:frame" and (formula := self._formula_of_frame(child))
        ):
            parts.append(formula)
        elif kind in SHAPES:
            self.shapes.append(child)
        elif kind == "draw:control":
            parts.append(f" {self.control(child)} ")
        elif kind == "math:math":
            parts.append(math_to_text(child))
        elif kind == "text:hidden-text":
            if attribute(child, "text:is-hidden") == "false":
                parts.append(attribute(child, "text:string-value") or "".join(child.itertext()))
        else:
            self._read(child, parts, depth + 1)

    def _span(self, span: Any, parts: list[str], depth: int) -> None:
        style = attribute(span, "text:style-name")
        if self._styles.is_hidden("text", style):
            return
        position = self._styles.position("text", style)
        if not position:
            self._read(span, parts, depth + 1)
            return
        inner: list[str] = []
        self._read(span, inner, depth + 1)
        text = "".join(inner)
        parts.append(superscript(text) if position == "super" else subscript(text))

    def control(self, control: Any) -> str:
        """Return what a control of a form shows."""
        return self._forms.text(attribute(control, "draw:control"))

    def formula(self, element: Any) -> str:
        """Return the formula in an embedded object, "" if it is something else."""
        root = self._package.object_root(element)
        return math_to_text(root) if root is not None and name(root) == "math:math" else ""

    def _formula_of_frame(self, frame: Any) -> str:
        objects = [child for child in frame if name(child) == "draw:object"]
        return self.formula(objects[0]) if objects else ""

    def _add(self, text: str, parts: list[str]) -> None:
        text = _collapse(text)
        if text[:1] == " " and parts and parts[-1][-1:] == " ":
            text = text[1:]
        parts.append(text)


_CHARACTERS = {"text:s": " ", "text:tab": "\t", "text:tab-stop": "\t", "text:line-break": "\n"}


def _count(element: Any) -> int:
    return min(to_int(attribute(element, "text:c"), 1), _MAX_SPACES)


def _collapse(text: str) -> str:
    return _SPACE.sub(" ", text)


def descendants(element: Any, kinds: frozenset[str]) -> Iterator[Any]:
    """Yield the outermost elements of some kinds below an element."""
    stack = list(reversed(element))
    while stack:
        node = stack.pop()
        if name(node) in kinds:
            yield node
        else:
            stack.extend(reversed(node))
