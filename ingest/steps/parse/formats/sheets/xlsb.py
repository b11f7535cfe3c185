"""Read binary Excel workbooks (.xlsb): a package like .xlsx with cells in binary records ([MS-XLSB] section 2.1).

Drawings and charts are the same parts as in .xlsx. A workbook that this reader cannot open is read by python-calamine.
"""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError
from ingest.steps.parse.formats.sheets.cells import SheetReading
from ingest.steps.parse.formats.sheets.digits import format_general
from ingest.steps.parse.formats.sheets.grid import clean_cell
from ingest.steps.parse.formats.sheets.number_format import BUILT_IN_FORMATS, NumberFormat
from ingest.steps.parse.formats.sheets.records import read_records, read_string
from ingest.steps.parse.formats.sheets.second_reader import read_with_second_reader
from ingest.steps.parse.formats.sheets.sheet_extras import SheetExtras
from ingest.steps.parse.formats.sheets.styles import plain_or_format
from ingest.steps.parse.formats.sheets.workbook import Sheet, add_sheets
from ingest.steps.parse.parsed import ParsedText

_MAX_PART_BYTES = 512 * 2**20
# Record types ([MS-XLSB] section 2.3.2).
_ROW, _RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED = 0, 2, 3, 4, 5, 6, 7
_FORMULA_STRING, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR, _RICH_STRING = 8, 9, 10, 11, 62
_SHARED_ITEM, _FORMAT, _STYLE, _WORKBOOK_PROPERTIES, _SHEET = 19, 44, 47, 153, 156
_BEGIN_STYLES, _END_STYLES, _HEADER_FOOTER = 617, 618, 479
_CELL_TYPES = frozenset(
    [_RK, _ERROR, _BOOL, _REAL, _STRING, _SHARED, _FORMULA_STRING, _FORMULA_NUMBER, _FORMULA_BOOL, _FORMULA_ERROR]
) | {_RICH_STRING}
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}


def read(path: Path) -> ParsedText:
    """Return the text of a workbook, a section for each sheet. Raises InvalidFile if no sheet can be read."""
    return read_with_second_reader(path, "xlsb", _read)


def _read(path: Path) -> ParsedText:
    builder = TextBuilder()
    with OoxmlPackage(path) as package:
        main = package.main_part("sheet.binary") or "xl/workbook.bin"
        sheets, is_1904 = _read_workbook(package, main)
        strings = _read_strings(package, main)
        reader = _SheetReader(strings, _read_formats(package, main, is_1904=is_1904))
        add_sheets(builder, package, reader, SheetExtras(builder, package, main), sheets)
    return builder.parsed("xlsb")


def _read_workbook(package: OoxmlPackage, main: str) -> tuple[list[Sheet], bool]:
    """Return the sheets in the order of their tabs, and whether dates count from 1904."""
    relationships = package.relationships(main)
    data = package.read(main)
    sheets: list[Sheet] = []
    is_1904 = False
    for kind, start, end in read_records(data):
        if kind == _WORKBOOK_PROPERTIES and end - start >= 4:
            is_1904 = bool(data[start] & 1)
        elif kind == _SHEET and end - start >= 8:
            identifier, position = read_string(data, start + 8, end)
            name, _ = read_string(data, position, end)
            relationship = relationships.get(identifier)
            is_hidden = data[start] != 0
            if relationship is not None:
                sheets.append(Sheet(name, relationship.target, relationship.kind, is_hidden))
            else:
                sheets.append(Sheet(name, "", "worksheet", is_hidden))
    return sheets, is_1904


def _read_strings(package: OoxmlPackage, main: str) -> list[str]:
    strings: list[str] = []
    for name in package.related(main, "sharedStrings"):
        data = package.read(name, _MAX_PART_BYTES)
        for kind, start, end in read_records(data):
            if kind == _SHARED_ITEM:
                strings.append(clean_cell(read_string(data, start + 1, end)[0]))
    return strings


def _read_formats(package: OoxmlPackage, main: str, *, is_1904: bool) -> list[NumberFormat | None]:
    """Return the number format of each cell style."""
    codes = dict(BUILT_IN_FORMATS)
    formats: list[NumberFormat | None] = []
    in_styles = False
    for name in package.related(main, "styles"):
        try:
            data = package.read(name)
        except PartError:
            continue
        for kind, start, end in read_records(data):
            if kind == _FORMAT and end - start > 2:
                codes[struct.unpack_from("<H", data, start)[0]] = read_string(data, start + 2, end)[0]
            elif kind in (_BEGIN_STYLES, _END_STYLES):
                in_styles = kind == _BEGIN_STYLES
            elif kind == _STYLE and in_styles and end - start >= 4:
                (number,) = struct.unpack_from("<2xH", data, start)
                formats.append(plain_or_format(codes.get(number, ""), is_1904=is_1904))
    return formats


class _SheetReader:
    """Reads worksheets of one workbook, whose shared strings and number formats it knows."""

    def __init__(self, strings: Sequence[str], formats: Sequence[NumberFormat | None]) -> None:
        self._strings = strings
        self._formats = formats

    def read(self, stream: IO[bytes]) -> SheetReading:
        """Return the rows of a worksheet."""
        data = stream.read(_MAX_PART_BYTES)
        reading = SheetReading()
        number = 0
        columns: list[int] = []
        cells: list[str] = []
        texts = 0
        for kind, start, end in read_records(data):
            if kind == _ROW and end - start >= 4:
                reading.grid.add_row(number, columns, cells, texts)
                number = max(struct.unpack_from("<I", data, start)[0] + 1, number + 1)
                columns, cells, texts = [], [], 0
            elif kind in _CELL_TYPES and end - start >= 9:
                column, style = struct.unpack_from("<II", data, start)
                text, is_text = self._cell_text(kind, data, start + 8, end, style & 0xFFFFFF, reading)
                if text:
                    columns.append(max(min(column, 16_383), columns[-1] + 1 if columns else 0))
                    cells.append(text)
                    texts += is_text
            elif kind == _HEADER_FOOTER and end - start > 2:
                reading.print_headers = _print_headers(data, start + 2, end)
        reading.grid.add_row(number, columns, cells, texts)
        return reading

    def _cell_text(
        self, kind: int, data: bytes, start: int, end: int, style: int, reading: SheetReading
    ) -> tuple[str, bool]:
        """Return the text of a cell as the sheet shows it, and whether it is a text and not a number."""
        if kind in (_RK, _REAL, _FORMULA_NUMBER):
            if kind != _RK and end - start < 8:
                return "", False
            value = _rk(data, start) if kind == _RK else struct.unpack_from("<d", data, start)[0]
            number_format = self._format(style)
            return clean_cell(number_format(value) if number_format else format_general(value)), False
        if kind in (_BOOL, _FORMULA_BOOL):
            return str(bool(data[start])).upper(), True
        if kind in (_ERROR, _FORMULA_ERROR):
            return _ERRORS.get(data[start], "#ERROR!"), True
        text = self._string(kind, data, start, end, reading)
        number_format = self._format(style)
        if text and number_format is not None and number_format.changes_text:
            text = clean_cell(number_format.format_text(text))
        return text, True

    def _string(self, kind: int, data: bytes, start: int, end: int, reading: SheetReading) -> str:
        if kind != _SHARED:
            return clean_cell(read_string(data, start + (kind == _RICH_STRING), end)[0])
        index = struct.unpack_from("<I", data, start)[0] if end - start >= 4 else len(self._strings)
        if index < len(self._strings):
            return self._strings[index]
        reading.bad_strings += 1
        return ""

    def _format(self, style: int) -> NumberFormat | None:
        return self._formats[style] if style < len(self._formats) else None


def _rk(data: bytes, start: int) -> float:
    """Return a number in the short form ([MS-XLSB] section 2.5.123)."""
    (raw,) = struct.unpack_from("<I", data, start) if start + 4 <= len(data) else (0,)
    if raw & 2:
        value = float((raw >> 2) - ((raw >> 31) << 30))
    else:
        (value,) = struct.unpack("<d", struct.pack("<II", 0, raw & 0xFFFFFFFC))
    return value / 100 if raw & 1 else value


def _print_headers(data: bytes, position: int, end: int) -> list[str]:
    """Return the headers and footers of printed pages: those of odd, even and first pages."""
    texts: list[str] = []
    while position < end and len(texts) < 6:
        text, position = read_string(data, position, end)
        texts.append(text)
    return texts
