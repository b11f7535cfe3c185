"""The blocks of OpenDocument text: paragraphs, headings, lists, tables, sections, indexes (ODF 1.3 part 3, 5)."""

from typing import Any

from ingest.steps.parse.formats.odf.inline import MAX_DEPTH, SHAPES, InlineReader
from ingest.steps.parse.formats.odf.lists import Lists, OpenList
from ingest.steps.parse.formats.odf.names import attribute, attributes, name, to_int
from ingest.steps.parse.formats.odf.objects import ObjectReader
from ingest.steps.parse.formats.odf.sinks import CellSink, Sink
from ingest.steps.parse.formats.odf.styles import Counters, Styles

MAX_REPEATED = 1_000
"""Copies of a repeated row or cell with text that are read."""

_SKIPPED = frozenset(
    [
        "text:tracked-changes",
        "office:forms",
        "text:sequence-decls",
        "text:variable-decls",
        "text:user-field-decls",
        "text:dde-connection-decls",
        "text:alphabetical-index-auto-mark-file",
        "office:event-listeners",
        "table:table-source",
        "office:dde-source",
        "table:desc",
        "table:title",
        "table:table-column",
        "table:table-columns",
        "table:table-header-columns",
        "table:table-column-group",
        "text:table-of-content-source",
        "text:illustration-index-source",
        "text:table-index-source",
        "text:object-index-source",
        "text:user-index-source",
        "text:alphabetical-index-source",
        "text:bibliography-source",
        "text:section-source",
        "svg:title",
        "svg:desc",
        "office:settings",
        "office:scripts",
        "draw:image",
        "draw:glue-point",
        "draw:plugin",
        "draw:applet",
        "office:meta",
        "text:number",
        "office:binary-data",
    ]
)
_ROW_CONTAINERS = frozenset(["table:table-header-rows", "table:table-rows", "table:table-row-group"])


class BlockReader:
    """Reads blocks into a sink. Shapes follow the paragraph in which they are anchored."""

    def __init__(self, sink: Sink, inline: InlineReader, styles: Styles, objects: ObjectReader) -> None:
        self.sink: Sink = sink
        self.inline = inline
        self.cut_repeats = 0
        self.is_in_sheet = False  # whether the cells of a sheet are being read
        self._styles = styles
        self._objects = objects
        self._lists = Lists(styles)
        self._headings = Counters()
        self._depth = 0

    def read(self, parent: Any) -> None:
        """Read the blocks in an element."""
        if self._depth >= MAX_DEPTH:
            self.sink.add_block(" ".join("".join(map(str, parent.itertext())).split()))
            return
        self._depth += 1
        for child in parent:
            self.read_block(child)
        self._depth -= 1

    def read_block(self, node: Any) -> None:
        """Read one block."""
        kind = name(node)
        if kind == "text:p":
            self._read_paragraph(node)
        elif kind == "text:h":
            self._read_heading(node)
        elif kind in ("text:list", "text:ordered-list", "text:unordered-list"):
            self._read_list(node, None)
        elif kind == "table:table":
            self.read_table(node)
        elif kind == "office:annotation":
            self.inline.comments.append((self.inline.place, node))
        elif kind in ("draw:object", "draw:object-ole"):
            self._objects.read(node, self)
        elif kind in SHAPES:
            self._read_shape(node)
        elif kind == "draw:control":
            self.sink.add_block(self.inline.control(node))
        elif kind in _SKIPPED or not kind or attribute(node, "text:display") == "none":
            if kind == "draw:image" and not _shows_object(node):
                self._objects.add_image(node)
        else:
            self.read(node)

    def _read_shape(self, node: Any) -> None:
        if self.is_in_sheet:  # it floats above the cells of a sheet
            self.inline.shapes.append(node)
        else:
            self.read(node)

    def _text(self, paragraph: Any) -> str:
        is_hidden = self._styles.is_hidden("paragraph", attribute(paragraph, "text:style-name"))
        return "" if is_hidden else self.inline.text(paragraph)

    def _read_paragraph(self, node: Any) -> None:
        if self._styles.is_title(attribute(node, "text:style-name")):
            self.sink.add_heading(self._text(node), 1)
        else:
            self.sink.add_block(self._text(node))
        self._read_shapes()

    def _read_heading(self, node: Any, marker: str = "") -> None:
        values = attributes(node)
        level = min(max(to_int(values.get("text:outline-level") or values.get("text:level"), 1), 1), 10)
        number = marker or self._heading_number(values, level)
        text = self._text(node)
        self.sink.add_heading(f"{number} {text}".strip() if text else "", level, text)
        self._read_shapes()

    def _heading_number(self, values: dict[str, str], level: int) -> str:
        style = self._styles.texts.get(("paragraph", values.get("text:style-name", "")))
        if values.get("text:is-list-header") == "true" or (style is not None and style.list_style == ""):
            return ""
        start = values.get("text:start-value", "") if values.get("text:restart-numbering") == "true" else ""
        return self._headings.count(level, self._styles.outline, int(start) if start[:9].isdecimal() else None)

    def _read_list(self, node: Any, outer: OpenList | None) -> None:
        if self._depth >= MAX_DEPTH:
            self.read(node)
            return
        self._depth += 1
        list_ = self._lists.open(node, outer)
        for item in node:
            if name(item) in ("text:list-item", "text:list-header"):
                self._read_item(item, list_)
        self._depth -= 1

    def _read_item(self, item: Any, list_: OpenList) -> None:
        is_counted = name(item) == "text:list-header"
        indent = "  " * (list_.level - 1)
        for child in item:
            kind = name(child)
            if kind in ("text:list", "text:ordered-list", "text:unordered-list"):
                self._read_list(child, list_)
            elif kind in ("text:p", "text:h"):
                marker = "" if is_counted else self._lists.marker(list_, item, child)
                is_counted = True
                if kind == "text:h":
                    self._read_heading(child, "" if marker == "-" else marker)
                elif text := self._text(child):
                    self.sink.add_line(f"{indent}{marker or ' '} {text}")
                self._read_shapes()
            else:
                self.read_block(child)

    def _read_shapes(self) -> None:
        if self.is_in_sheet:
            return
        for shape in self.inline.take_shapes():
            self.read_block(shape)

    def read_table(self, table: Any) -> None:
        """Read a table."""
        if self._depth >= MAX_DEPTH:
            self.read(table)
            return
        self._depth += 1
        self.sink.end_list()
        self._read_rows(table)
        self.sink.end_list()
        self._depth -= 1

    def _read_rows(self, parent: Any) -> None:
        stack = list(reversed(parent))
        while stack:
            node = stack.pop()
            kind = name(node)
            if kind == "table:table-row":
                cells = self.cells(node)
                count = min(to_int(attribute(node, "table:number-rows-repeated"), 1), MAX_REPEATED)
                for _ in range(count if any(cells) else 1):
                    self.sink.add_row(cells)
            elif kind in _ROW_CONTAINERS:
                stack.extend(reversed(node))
            elif kind in ("table:shapes", "text:soft-page-break") or not kind or kind in _SKIPPED:
                continue
            else:
                stack.extend(reversed(node))

    def cells(self, row: Any) -> list[str]:
        """Return the cells of a row, with an empty cell where another cell covers one."""
        cells: list[str] = []
        empty = 0
        for node in row:
            kind = name(node)
            if kind not in ("table:table-cell", "table:covered-table-cell"):
                continue
            values = attributes(node)
            count = max(to_int(values.get("table:number-columns-repeated"), 1), 1)
            text = self.cell_text(node, values) if kind == "table:table-cell" else ""
            if not text:
                empty += count
                continue
            cells += [""] * min(empty, MAX_REPEATED)
            empty = 0
            self.cut_repeats += count > MAX_REPEATED
            cells += [text] * min(count, MAX_REPEATED)
        return cells

    def cell_text(self, cell: Any, values: dict[str, str]) -> str:
        """Return the text of a cell, or its value if there is no text."""
        if not len(cell):
            return _value(values)
        outer, self.sink = self.sink, (sink := CellSink())
        try:
            self.read(cell)
        finally:
            self.sink = outer
        return sink.text or _value(values)


def _shows_object(image: Any) -> bool:
    """Return whether a picture is what programs show that cannot read the object beside it."""
    return any(name(node) in ("draw:object", "draw:object-ole") for node in image.getparent())


def _value(values: dict[str, str]) -> str:
    """Return the stored value of a cell that shows no text, as some programs that make files leave it out."""
    for key in (
        "office:string-value",
        "office:date-value",
        "office:time-value",
        "office:boolean-value",
        "office:value",
    ):
        if value := values.get(key):
            return f"{value} {values.get('office:currency', '')}".strip() if key == "office:value" else value
    return ""
