"""Read the cells of a worksheet (ECMA-376 part 1, 18.3.1) row by row, without holding its tree in memory."""

import io
import re
from collections.abc import Callable, Sequence
from typing import IO, Any

from lxml import etree

from ingest.steps.parse.formats.ooxml.xml import OPTIONS, local_name
from ingest.steps.parse.formats.sheets.cells import (
    INLINE_STRING,
    NUMBER,
    NUMERIC_TYPES,
    CellTexts,
    SheetReading,
    show_formula,
)
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from ingest.steps.parse.formats.sheets.simple_rows import SimpleCell, SimpleRows, split_attributes
from ingest.steps.parse.formats.sheets.strings import rich_text

MAX_SIMPLE_BYTES = 128 * 2**20
"""Longer parts are parsed as a stream, which takes five times as long."""

_MAX_ROW_DIGITS = 7
_MAX_SHOWERS = 10_000
_REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?\d*")
_columns: dict[str, int] = {}  # column by the letters of a reference


class WorksheetReader:
    """Reads worksheets of one workbook, whose shared strings and number formats it knows."""

    def __init__(self, strings: Sequence[str], formats: Sequence[NumberFormat | None]) -> None:
        self._texts = CellTexts(strings, formats)
        self._showers: dict[str, tuple[Callable[[str], str], bool]] = {}  # by the attributes of a cell

    def read(self, stream: IO[bytes]) -> SheetReading:
        """Return the rows of a worksheet, up to the place where the part is damaged beyond repair."""
        reading = SheetReading()
        data = stream.read(MAX_SIMPLE_BYTES + 1)
        simple = SimpleRows.open(data) if len(data) <= MAX_SIMPLE_BYTES else None
        if simple is None:
            return self._read_stream(_Joined(data, stream), reading)
        number = 0
        for row in simple:
            number = row_number(row.number, number)
            if row.cells is None:
                for element in _parse(row.xml).iter("{*}row"):
                    self._read_row(element, number, reading)
            else:
                self._add_simple_row(row.cells, number, reading)
        if simple.is_broken:
            return self._read_stream(io.BytesIO(data), SheetReading())
        for element in _parse(simple.rest).iter("{*}headerFooter") if "<headerFooter" in simple.rest else ():
            reading.print_headers = _print_headers(element)
        return reading

    def _read_stream(self, stream: IO[bytes], reading: SheetReading) -> SheetReading:
        number = 0
        context = etree.iterparse(stream, events=("end",), tag=("{*}row", "{*}headerFooter"), recover=True, **OPTIONS)
        try:
            for _, element in context:
                if local_name(element) == "headerFooter":
                    reading.print_headers = _print_headers(element)
                    continue
                number = row_number(element.get("r", ""), number)
                self._read_row(element, number, reading)
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        except etree.XMLSyntaxError as exc:
            if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
                raise
            reading.is_damaged = True
        if any(entry.type == etree.ErrorTypes.ERR_NO_MEMORY for entry in context.error_log):
            raise MemoryError
        reading.is_damaged = reading.is_damaged or bool(context.error_log.filter_from_errors())
        return reading

    def _add_simple_row(self, found: list[SimpleCell], number: int, reading: SheetReading) -> None:
        columns: list[int] = []
        cells: list[str] = []
        texts, column = 0, -1
        showers = self._showers
        for letters, attributes, value, inline in found:
            known = _columns.get(letters, -1)
            column = known if known > column else column_of(letters, column)
            if not value and not inline:
                continue
            show, is_text = showers.get(attributes) or self._add_shower(attributes)
            try:
                text = show(value or inline)
            except IndexError:
                reading.bad_strings += 1
                continue
            if text:
                columns.append(column)
                cells.append(text)
                texts += is_text
        reading.grid.add_row(number, columns, cells, texts)

    def _add_shower(self, attributes: str) -> tuple[Callable[[str], str], bool]:
        """Return how cells with these attributes are shown, and whether they are text; remember it."""
        kind, style = split_attributes(attributes)
        entry = self._texts.shower(kind, style), kind not in NUMERIC_TYPES
        if len(self._showers) < _MAX_SHOWERS:
            self._showers[attributes] = entry
        return entry

    def _read_row(self, row: Any, number: int, reading: SheetReading) -> None:
        columns: list[int] = []
        cells: list[str] = []
        texts, column = 0, -1
        for cell in row.iterchildren("{*}c"):
            column = column_of(cell.get("r", ""), column)
            text, is_text = self._cell_text(cell, reading)
            if text:
                columns.append(column)
                cells.append(text)
                texts += is_text
        reading.grid.add_row(number, columns, cells, texts)

    def _cell_text(self, cell: Any, reading: SheetReading) -> tuple[str, bool]:
        """Return the text of a cell as the sheet shows it, and whether it is a text and not a number."""
        value = formula = inline = None
        for node in cell:
            name = local_name(node)
            if name == "v":
                value = node.text or ""
            elif name == "f":
                formula = node
            elif name == "is":
                inline = node
        kind, style = cell.get("t", NUMBER), cell.get("s", "")
        if inline is not None and (kind == INLINE_STRING or value is None):
            return self._texts.shower(INLINE_STRING, style)(rich_text(inline)), True
        if value is None or (not value and kind == NUMBER):  # an empty text is a result, an empty number is none
            if formula is not None:
                reading.formulas += 1
            return ("" if formula is None else show_formula(formula.text or "")), True
        try:
            return self._texts.shower(kind, style)(
                value.strip() if kind == NUMBER else value
            ), kind not in NUMERIC_TYPES
        except IndexError:
            reading.bad_strings += 1
            return "", True


class _Joined(io.BytesIO):
    """A stream that begins with bytes that were read from it already."""

    def __init__(self, data: bytes, stream: IO[bytes]) -> None:
        super().__init__(data)
        self._stream = stream

    def read(self, size: int | None = -1) -> bytes:
        return super().read(size) or self._stream.read(-1 if size is None else size)


def _parse(xml: str) -> Any:
    root = etree.fromstring(xml.encode(), etree.XMLParser(recover=True, **OPTIONS))
    return etree.Element("empty") if root is None else root


def _print_headers(element: Any) -> list[str]:
    return [node.text for node in element.iterchildren("*") if node.text]


def row_number(text: str, previous: int) -> int:
    """Return the number of a row; rows without one follow the previous row."""
    if text and len(text) <= _MAX_ROW_DIGITS and text.isdecimal() and int(text) > previous:
        return int(text)
    return previous + 1


def column_of(reference: str, previous: int) -> int:
    """Return the column, from 0, of a reference like "AB12" or "AB".

    A cell without one follows the previous cell, and so does one whose reference points back: the file is damaged.
    """
    letters = reference.rstrip("0123456789")
    column = _columns.get(letters)
    if column is None:
        match = _REFERENCE.fullmatch(reference)
        if not match:
            return previous + 1
        column = -1
        for letter in match[1].upper():
            column = (column + 1) * 26 + ord(letter) - ord("A")
        _columns[letters] = column  # there are few: three letters, and perhaps "$"
    return max(column, previous + 1)
