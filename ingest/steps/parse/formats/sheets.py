"""Excel workbooks (.xlsx, .xls): the name of each sheet, then its rows."""

import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
import xlrd  # type: ignore[import-untyped]  # it has no types and no stubs are installed

from ingest.errors import InvalidFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText


def read_xlsx(path: Path) -> ParsedText:
    """Return the values (not the formulas) of a workbook, row by row."""
    builder = TextBuilder()
    with path.open("rb") as file:  # openpyxl checks a path's suffix, and stored files have none
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in workbook.worksheets:
            builder.add_block(sheet.title)
            sheet.reset_dimensions()  # some programs write a wrong size, and rows would be padded to it
            for row in sheet.iter_rows(values_only=True):
                if row:
                    builder.add_row(map(_format_value, row))
            builder.end_list()
    return builder.parsed("xlsx")


def read_xls(path: Path) -> ParsedText:
    """Return the values of a workbook of Excel 97 to 2003, row by row."""
    builder = TextBuilder()
    try:
        workbook = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    except xlrd.XLRDError as exc:
        if "encrypted" in str(exc).lower():
            raise InvalidFile(ENCRYPTED_MESSAGE) from exc
        raise
    for name in workbook.sheet_names():
        sheet = workbook.sheet_by_name(name)
        builder.add_block(name)
        for number in range(sheet.nrows):
            builder.add_row(_format_xls_cell(cell, workbook.datemode) for cell in sheet.row(number))
        builder.end_list()
        workbook.unload_sheet(name)
    return builder.parsed("xls")


def _format_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"  # Excel has 15 digits: 0.1 + 0.2 shows as 0.3
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def _format_xls_cell(cell: Any, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _format_value(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return _format_value(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return _format_value(cell.value)
