"""Read workbooks with python-calamine: the tolerant second reader. It knows values and dates, but no number formats."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.sheets.dates import format_iso
from ingest.steps.parse.formats.sheets.digits import format_general
from ingest.steps.parse.formats.sheets.grid import Grid, clean_cell, write_sheet_name
from ingest.steps.parse.parsed import ParsedText

_MESSAGE = "The workbook is damaged or unusual. A second reader read its cells, without number formats and comments."


def read(path: Path, kind: str) -> ParsedText:
    """Return the cells of a workbook of any Excel format. Raises what the library raises for one that it cannot read."""
    import python_calamine

    builder = TextBuilder()
    with path.open("rb") as file:
        workbook = python_calamine.load_workbook(file)
        for name in workbook.sheet_names:
            with builder.section("sheet", name):
                write_sheet_name(builder, name)
                _add_sheet(builder, workbook, name)
    return builder.parsed(kind, "python-calamine", _version())


def read_with_second_reader(path: Path, kind: str, first_reader: Callable[[Path], ParsedText]) -> ParsedText:
    """Return what the first reader finds, or what this one finds if the first fails or reads no sheet.

    Raises the first reader's error if both fail.
    """
    try:
        parsed = first_reader(path)
    except MemoryError:
        raise
    except Exception as exc:
        found = _try(path, kind)
        if found is None:
            raise exc from None
        return found
    sheets = parsed.report.parts.get("sheet", {})
    if sheets.get("failed") and not sheets.get("read"):
        return _try(path, kind) or parsed
    return parsed


def _try(path: Path, kind: str) -> ParsedText | None:
    """Return what this reader finds, with a warning, or None if that is nothing."""
    try:
        parsed = read(path, kind)
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - the library raises its panics as BaseException
        return None
    return _with_warning(parsed) if parsed.report.parts.get("sheet", {}).get("read") else None


def _with_warning(parsed: ParsedText) -> ParsedText:
    builder = TextBuilder()
    builder.add_parsed(parsed, "")
    builder.report.warn("second_reader", _MESSAGE)
    return builder.parsed(parsed.kind, parsed.report.reader, parsed.report.reader_version)


def _add_sheet(builder: TextBuilder, workbook: Any, name: str) -> None:
    import python_calamine

    try:
        sheet = workbook.get_sheet_by_name(name)
        rows = sheet.iter_rows()  # from the first row of the sheet, filled or not
    except (python_calamine.CalamineError, OSError, ValueError):
        builder.report.count("sheet", "failed")
        builder.report.warn("sheet_not_read", "A sheet is damaged and could not be read.", f"sheet {name}")
        return
    grid = Grid()
    for number, row in enumerate(rows, 1):
        _add_row(grid, number, row)
    builder.report.count("sheet", "read" if len(grid) else "empty")
    grid.write(builder)


def _add_row(grid: Grid, number: int, row: list[Any]) -> None:
    columns: list[int] = []
    cells: list[str] = []
    texts = 0
    for column, value in enumerate(row):
        if value != "" and (text := clean_cell(format_value(value))):
            columns.append(column)
            cells.append(text)
            texts += isinstance(value, str | bool)  # the other readers count TRUE and FALSE as texts too
    grid.add_row(number, columns, cells, texts)


def format_value(value: Any) -> str:
    """Return a value of Python as a cell without a number format shows it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return format_general(value)
    if isinstance(value, datetime.datetime):
        return format_iso(value)
    if isinstance(value, datetime.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def _version() -> str:
    from importlib.metadata import version

    return version("python-calamine")
