"""The blocks of a Word part: paragraphs, list items, headings, tables and what is anchored in them."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from ingest.steps.parse.formats.docx.inline import Anchored, InlineReader, is_placeholder
from ingest.steps.parse.formats.docx.numbering import Numbering
from ingest.steps.parse.formats.docx.paragraphs import PLAIN, ParagraphProperties, PropertyReader
from ingest.steps.parse.formats.docx.styles import Definitions
from ingest.steps.parse.formats.docx.tables import column_span, is_layout, row_properties, unwrapped
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.math import math_text
from ingest.steps.parse.formats.ooxml.xml import LOCAL_NAMES, attribute, children, local_name

MAX_DEPTH = 40
"""Blocks in blocks (tables in cells, text boxes in text boxes); deeper ones are read without structure."""

_IGNORED = frozenset(
    [
        "del",
        "moveFrom",
        "Fallback",
        "pPr",
        "sdtPr",
        "sdtEndPr",
        "tblPr",
        "tblGrid",
        "trPr",
        "tcPr",
        "sectPr",
        "bookmarkStart",
        "bookmarkEnd",
        "proofErr",
        "docDefaults",
    ]
)
_ROW_SEPARATOR, _CELL_SEPARATOR = "; ", ", "  # of a table inside a cell: those of the outer table would mix them up


class References(Protocol):
    """Reads what a part refers to."""

    def add(self, builder: TextBuilder, kind: str, identifier: str) -> None:
        """Add a chart, a diagram, an object or an imported part (altChunk) as blocks."""

    def text(self, kind: str, identifier: str) -> str:
        """Return the same as one line, for a cell."""


class BlockReader:
    """Adds the blocks of one part to a builder."""

    def __init__(
        self,
        builder: TextBuilder,
        definitions: Callable[[], Definitions],
        references: References | None = None,
        prefix: str = "",
    ) -> None:
        self._builder = builder
        self._definitions = definitions
        self._references = references
        self._numbering: Numbering | None = None
        self._properties = PropertyReader(definitions)
        self._inline = InlineReader(definitions)
        self._prefix = prefix  # of the next paragraph, for example the author of a comment

    def read(self, elements: Iterable[Any], depth: int = 0) -> None:
        """Add blocks."""
        for element in elements:
            self.read_one(element, depth)

    def end(self) -> None:
        """Add what was put off for a next paragraph."""
        self._builder.add_block(self._prefix.strip())
        self._prefix = ""

    def read_one(self, element: Any, depth: int = 0) -> None:
        """Add one block: a paragraph, a table, a row, or something that contains blocks."""
        name = LOCAL_NAMES.get(element.tag) or local_name(element)
        if name in _IGNORED:
            return
        if depth >= MAX_DEPTH:
            self._builder.add_block("".join(element.itertext("{*}t")))
        elif name == "p":
            self._paragraph(element, depth)
        elif reader := _READERS.get(name):
            reader(self, element, depth)
        elif len(element):
            self.read(element, depth + 1)

    def row(self, row: Any, depth: int) -> None:
        """Add a table row. Cells that arrange a page, for example around another table, become blocks."""
        is_deleted, leading = row_properties(row)
        if is_deleted:
            return
        cells = list(unwrapped(row, "tc"))
        if depth < MAX_DEPTH and is_layout(cells):
            self._layout_row(cells, depth)
        else:
            self._builder.add_row(self._cell_texts(cells, leading, depth))

    def _layout_row(self, cells: list[Any], depth: int) -> None:
        short: list[str] = []  # cells beside the others that are a row of their own
        for cell in cells:
            if len(cells) > 1 and not is_layout([cell]):
                short.append(self._cell_text(cell, depth + 1))
                continue
            self._builder.add_row(short)
            self._builder.end_list()
            short.clear()
            self.read(cell, depth + 1)
        self._builder.add_row(short)
        self._builder.end_list()

    def _cell_texts(self, cells: list[Any], leading: int, depth: int) -> list[str]:
        texts = [""] * leading
        for cell in cells:
            texts.append(self._cell_text(cell, depth + 1))
            texts += [""] * (column_span(cell) - 1)
        return texts

    def _cell_text(self, cell: Any, depth: int) -> str:
        """Return the blocks of a cell in one line."""
        texts: list[str] = []
        self._collect(cell, texts, depth)
        return " ".join(filter(None, texts))

    def _collect(self, elements: Iterable[Any], texts: list[str], depth: int) -> None:
        for element in elements:
            name = local_name(element)
            if depth >= MAX_DEPTH:
                texts.append(" ".join(element.itertext("{*}t")))
            elif name == "p":
                self._collect_paragraph(element, texts, depth)
            elif name == "tbl":
                rows = (self._inner_row(row, depth + 1) for row in unwrapped(element, "tr"))
                texts.append(_ROW_SEPARATOR.join(filter(None, rows)))
            elif name == "altChunk" and self._references:
                texts.append(self._references.text(name, attribute(element, "id")))
            elif name in _IGNORED or (name == "sdt" and is_placeholder(element)):
                continue
            elif len(element):
                self._collect(element, texts, depth + 1)

    def _inner_row(self, row: Any, depth: int) -> str:
        """Return a row of a table in a cell. Empty cells keep their place, except at its end."""
        is_deleted, leading = row_properties(row)
        cells = [] if is_deleted else self._cell_texts(list(unwrapped(row, "tc")), leading, depth)
        while cells and not cells[-1].strip():
            cells.pop()
        return _CELL_SEPARATOR.join(" ".join(cell.split()) for cell in cells)

    def _collect_paragraph(self, paragraph: Any, texts: list[str], depth: int) -> None:
        properties, text, anchored = self._read_paragraph(paragraph)
        number = self._count(properties)
        if anchored.blocks:
            self._collect(anchored.blocks, texts, depth + 1)
        if text := text.strip():
            texts.append(f"{number or '-'} {text}" if number or properties.is_list_item else text)
        if self._references:
            texts += [self._references.text(kind, reference) for kind, reference in anchored.references]

    def _paragraph(self, paragraph: Any, depth: int) -> None:
        properties, text, anchored = self._read_paragraph(paragraph)
        number = self._count(properties)  # Word counts empty paragraphs too
        if properties.heading:  # what is anchored in a heading is below it
            self._add_paragraph(properties, number, text)
            self._add_boxes(anchored, depth)
        else:
            self._add_boxes(anchored, depth)
            self._add_paragraph(properties, number, text)
        for kind, reference in anchored.references:
            if self._references:
                self._references.add(self._builder, kind, reference)

    def _add_boxes(self, anchored: Anchored, depth: int) -> None:
        self.read(anchored.blocks, depth + 1)

    def _add_paragraph(self, properties: ParagraphProperties, number: str, text: str) -> None:
        if not text or text.isspace():
            return
        if self._prefix:
            text, self._prefix = self._prefix + text, ""
        if properties.is_joined:
            self._prefix = text
            return
        text = text.strip()
        numbered = f"{number} {text}" if number else text
        if properties.heading:
            self._builder.add_heading(numbered, properties.heading)
        elif properties.is_list_item:
            self._builder.add_line(f"{'  ' * properties.position.level}{number or '-'} {text}")
        else:
            self._builder.add_block(numbered)

    def _read_paragraph(self, paragraph: Any) -> tuple[ParagraphProperties, str, Anchored]:
        properties = PLAIN
        if len(paragraph) and local_name(paragraph[0]) == "pPr" and len(paragraph[0]):
            properties = self._properties.read(paragraph[0])
        text, anchored = self._inline.read(paragraph)
        return properties, text, anchored

    def _count(self, properties: ParagraphProperties) -> str:
        if not properties.position.list_id:
            return properties.label
        if self._numbering is None:
            self._numbering = Numbering(self._definitions().lists)
        return self._numbering.count_paragraph(properties.position)

    def _table(self, table: Any, depth: int) -> None:
        self.end()
        self._builder.end_list()
        for row in unwrapped(table, "tr"):
            self.row(row, depth)
        self._builder.end_list()

    def _content_control(self, control: Any, depth: int) -> None:
        if not is_placeholder(control):
            for content in children(control, "sdtContent"):
                self.read(content, depth + 1)

    def _alternatives(self, element: Any, depth: int) -> None:
        for alternative in (*children(element, "Choice"), *children(element, "Fallback")):
            size = len(self._builder)
            if depth < MAX_DEPTH:
                self.read(alternative, depth + 1)
            if len(self._builder) > size:
                return

    def _import(self, element: Any, depth: int) -> None:
        if self._references:
            self._references.add(self._builder, "altChunk", attribute(element, "id"))

    def _formula(self, element: Any, depth: int) -> None:
        self._builder.add_block(math_text(element))

    def _stray_run(self, element: Any, depth: int) -> None:
        self._builder.add_block(self._inline.read(element)[0].strip())

    def _comment(self, element: Any, depth: int) -> None:
        author = attribute(element, "author").strip()
        label = f"{author}: " if author else ""
        self._prefix = label
        self._builder.report.count("comment", "read")
        self.read(element, depth + 1)
        if self._prefix == label:  # a comment without text
            self._prefix = ""
        self.end()


_READERS: dict[str, Callable[[BlockReader, Any, int], None]] = {
    "tbl": BlockReader._table,
    "tr": BlockReader.row,
    "sdt": BlockReader._content_control,
    "AlternateContent": BlockReader._alternatives,
    "altChunk": BlockReader._import,
    "oMath": BlockReader._formula,
    "oMathPara": BlockReader._formula,
    "r": BlockReader._stray_run,
    "comment": BlockReader._comment,
}
