"""Excel workbooks: the name of each sheet, then its rows."""

import datetime
import io
from pathlib import Path
from typing import Any

import openpyxl
import xlrd  # type: ignore[import-untyped]  # it has no types and no stubs are installed

from ingest.errors import InvalidFile
from ingest.steps.parse.containers import ENCRYPTED
from ingest.steps.parse.formats.layout import Layout
from ingest.steps.parse.parsed import Parsed


def read_xlsx(path: Path) -> Parsed:
    """Return the values (not the formulas) of a workbook, row by row."""
    layout = Layout()
    with path.open("rb") as file:  # given a path it insists on its ending, and stored files have none
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        for sheet in workbook.worksheets:
            layout.block(sheet.title)
            sheet.reset_dimensions()  # some programs write a wrong size, and one of a million rows is padded to that
            for row in sheet.iter_rows(values_only=True):
                if row:
                    layout.row(map(_show, row))
            layout.end_list()
    return Parsed(layout.text(), "xlsx")


def read_xls(path: Path) -> Parsed:
    """Return the values of a workbook of Excel 97 to 2003, row by row."""
    layout = Layout()
    try:
        workbook = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True, ragged_rows=True)
    except xlrd.XLRDError as exc:
        if "encrypted" in str(exc).lower():
            raise InvalidFile(ENCRYPTED) from exc
        raise
    for name in workbook.sheet_names():
        sheet = workbook.sheet_by_name(name)
        layout.block(name)
        for number in range(sheet.nrows):
            layout.row(_show_old(cell, workbook.datemode) for cell in sheet.row(number))
        layout.end_list()
        workbook.unload_sheet(name)
    return Parsed(layout.text(), "xls")


def _show(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"  # what Excel keeps: 0.1 + 0.2 shows as 0.3
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return str(value)


def _show_old(cell: Any, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return _show(xlrd.xldate_as_datetime(cell.value, datemode))
        except (ValueError, OverflowError):
            return _show(cell.value)
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, ""))
    return _show(cell.value)
