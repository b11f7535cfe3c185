"""OpenDocument spreadsheets (.ods), read as a stream: a sheet has up to a million rows."""

import re
from contextlib import ExitStack
from typing import Any

from lxml import etree

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.odf.blocks import MAX_REPEATED
from ingest.steps.parse.formats.odf.document import Document
from ingest.steps.parse.formats.odf.names import attribute, attributes, name, to_int
from ingest.steps.parse.formats.odf.package import Package
from ingest.steps.parse.formats.odf.print_headers import PrintHeaders
from ingest.steps.parse.formats.ooxml.xml import OPTIONS
from ingest.steps.parse.formats.sheets.grid import Grid, cell_name, clean_cell, write_sheet_name

_TAGS = [
    f"{{*}}{tag}"
    for tag in ("table", "table-row", "shapes", "tracked-changes", "automatic-styles", "font-face-decls", "forms")
] + ["{*}master-styles"]
_FORMULA_PREFIX = re.compile(r"^\w+:(?==)")
_REFERENCE = re.compile(r"\[([^\[\]]{0,200})\]")
_TEXT_TYPES = frozenset(["string", "boolean", "void"])


def read(package: Package, builder: TextBuilder) -> None:
    """Add the sheets to a builder. Raises InvalidFile if nothing can be read."""
    document = Document(package, builder, None)
    with package.open_content() as stream:
        reader = _SheetReader(document, builder)
        events = etree.iterparse(stream, events=("start", "end"), tag=_TAGS, recover=True, **OPTIONS)
        try:
            reader.read(events)
        except etree.XMLSyntaxError as exc:
            if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
                raise
            reader.end()
            package.damaged.append("content.xml")
        if events.error_log and "content.xml" not in package.damaged:
            package.damaged.append("content.xml")
    if not reader.sheets:
        raise InvalidFile("The file could not be parsed as OpenDocument: it has no sheets.")
    document.finish()


class _SheetReader:
    """Reads the tables of a spreadsheet's body. Tables in tables and in changes are no sheets."""

    def __init__(self, document: Document, builder: TextBuilder) -> None:
        self.sheets = 0
        self._document = document
        self._builder = builder
        self._path: list[str] = []
        self._print_headers = PrintHeaders()
        if document.styles_root is not None:
            self._print_headers.add(document.styles_root)
        self._name = self._style = ""
        self._section = ExitStack()
        self._is_open = False
        self._grid = Grid()
        self._row = 1
        self._start = 0
        self._formulas = 0  # without a stored value, on the open sheet

    def read(self, events: Any) -> None:
        """Read the document."""
        for event, element in events:
            kind = name(element)
            if event == "start":
                self._path.append(kind)
                if kind == "table:table" and self._is_sheet():
                    self._begin(attribute(element, "table:name"))
                    self._style = attribute(element, "table:style-name")
                continue
            self._end_element(kind, element)
            if self._path:
                self._path.pop()

    def end(self) -> None:
        """End the open sheet."""
        if not self._is_open:
            return
        blocks, builder = self._document.blocks, self._builder
        blocks.is_in_sheet = False
        has_rows = len(self._grid) > 0
        self._grid.write(builder)
        for shape in blocks.inline.take_shapes():
            blocks.read(shape)
        self._document.add_comments()
        builder.report.count("sheet", "read" if has_rows or len(builder) > self._start else "empty")
        for text in self._print_headers.texts(self._document.styles.master_page(self._style)):
            builder.add_block(text)
        self._warn_of_formulas()
        self._section.close()
        self._is_open = False

    def _warn_of_formulas(self) -> None:
        if self._formulas:
            message = "Formulas have no stored results, so the formulas themselves were read. Number of formulas"
            self._builder.report.warn("formula_without_value", f"{message}: {self._formulas}.", f"sheet {self._name}")
        self._formulas = 0

    def _is_sheet(self) -> bool:
        return self._path.count("table:table") == 1 and "table:tracked-changes" not in self._path

    def _begin(self, sheet: str) -> None:
        self.end()
        self.sheets += 1
        self._name = sheet
        self._section.enter_context(self._builder.section("sheet", sheet))
        self._is_open = True
        write_sheet_name(self._builder, sheet)
        self._start = len(self._builder)
        self._row = 1

    def _end_element(self, kind: str, element: Any) -> None:
        if kind in ("office:automatic-styles", "office:font-face-decls"):
            self._document.styles.add([element])
            element.clear()
        elif kind == "office:master-styles":  # of a flat file
            self._print_headers.add_pages(element)
        elif kind == "table:table" and self._is_sheet():
            self.end()
            element.clear()
        elif kind == "table:table-row" and self._is_sheet() and self._is_open:
            self._read_row(element)
            _free(element)
        elif kind == "table:shapes" and self._is_sheet():
            self._document.blocks.inline.shapes.append(element)
        elif kind == "office:forms":
            element.clear()

    def _read_row(self, row: Any) -> None:
        count = max(to_int(attribute(row, "table:number-rows-repeated"), 1), 1)
        self._document.blocks.is_in_sheet = True
        columns, cells, texts = self._read_cells(row)
        if cells:
            self._document.blocks.cut_repeats += count > MAX_REPEATED
            for number in range(self._row, self._row + min(count, MAX_REPEATED)):
                self._grid.add_row(number, columns, cells, texts)
        self._row += count

    def _read_cells(self, row: Any) -> tuple[list[int], list[str], int]:
        """Return the columns and texts of the filled cells of a row, and how many are no numbers."""
        blocks = self._document.blocks
        columns: list[int] = []
        cells: list[str] = []
        column = texts = 0
        for node in row:
            kind = name(node)
            if kind not in ("table:table-cell", "table:covered-table-cell"):
                continue
            count = max(to_int(attribute(node, "table:number-columns-repeated"), 1), 1)
            text = self._cell_text(node, column) if kind == "table:table-cell" else ""
            if text:
                copies = min(count, MAX_REPEATED)
                blocks.cut_repeats += count > MAX_REPEATED
                columns += range(column, column + copies)
                cells += [text] * copies
                texts += copies * (attribute(node, "office:value-type", "string") in _TEXT_TYPES)
            column += count
        return columns, cells, texts

    def _cell_text(self, cell: Any, column: int) -> str:
        if len(cell) == 1 and not len(cell[0]) and name(cell[0]) == "text:p" and cell[0].text:
            return clean_cell(cell[0].text.replace("\xad", ""))  # most cells are one paragraph without markup
        blocks = self._document.blocks
        blocks.inline.place = cell_name(self._row, column)
        values = attributes(cell)
        text = clean_cell(blocks.cell_text(cell, values))
        if not text and "office:value-type" not in values and (formula := values.get("table:formula")):
            self._formulas += 1
            return _show_formula(formula)
        return text


def _show_formula(formula: str) -> str:
    """Return a formula such as "of:=SUM([.A1:.B1])" as a sheet shows it: "=SUM(A1:B1)"."""
    expression = _REFERENCE.sub(lambda match: match[1].removeprefix(".").replace(":.", ":"), formula)
    return clean_cell(_FORMULA_PREFIX.sub("", expression))


def _free(row: Any) -> None:
    """Free a row and those before it: a million empty elements would remain."""
    row.clear()
    parent = row.getparent()
    while parent is not None and row.getprevious() is not None:
        del parent[0]
