"""Read workbooks of Excel 2 to 2003 (.xls) with xlrd, cells as the sheets show them.

A workbook that xlrd cannot open is read by python-calamine.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ingest.errors import ProtectedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.scripts import subscript, superscript
from ingest.steps.parse.formats.sheets.biff import SheetTexts, read_sheet_texts
from ingest.steps.parse.formats.sheets.digits import format_general
from ingest.steps.parse.formats.sheets.grid import Grid, cell_name, clean_cell, write_sheet_name
from ingest.steps.parse.formats.sheets.number_format import NumberFormat, compile_format
from ingest.steps.parse.formats.sheets.second_reader import read_with_second_reader
from ingest.steps.parse.formats.sheets.sheet_extras import comment_text, print_header_text
from ingest.steps.parse.formats.sheets.styles import plain_or_format
from ingest.steps.parse.formats.sheets.xls_formulas import Formulas, read_uncalculated
from ingest.steps.parse.parsed import ParsedText

_EMPTY, _TEXT, _NUMBER, _DATE, _BOOLEAN, _ERROR, _BLANK = range(7)
"""Types of cells in xlrd."""

_OBJECT_NAME = "MBD".encode("utf-16-le")
_SCRIPTS: dict[int, Callable[[str], str]] = {1: superscript, 2: subscript}


def read(path: Path) -> ParsedText:
    """Return the text of a workbook, a section for each sheet. Raises InvalidFile if it is encrypted."""
    return read_with_second_reader(path, "xls", _read)


def _read(path: Path) -> ParsedText:
    import xlrd  # type: ignore[import-untyped]  # it has no types and no stubs are installed

    builder = TextBuilder()
    _count_objects(builder, path)
    try:
        workbook = _open(path)
        extras, formulas = _sheet_texts(workbook), _uncalculated(workbook)
        for number, name in enumerate(workbook.sheet_names()):
            with builder.section("sheet", name):
                write_sheet_name(builder, name)
                _add_sheet(builder, workbook, number, extras, formulas.get(workbook._sh_abs_posn[number], {}))
            workbook.unload_sheet(number)
    except xlrd.XLRDError as exc:
        if "encrypted" in str(exc).lower():
            raise ProtectedFile(ENCRYPTED_MESSAGE) from exc
        raise
    for chart in filter(lambda texts: texts.is_chart, extras.values()):
        with builder.section("sheet", chart.name):
            write_sheet_name(builder, chart.name)
            _add_texts(builder, chart)
        builder.report.count("sheet", "read" if chart.charts or chart.boxes else "empty")
    return builder.parsed("xls", "xlrd", xlrd.__version__)


def _count_objects(builder: TextBuilder, path: Path) -> None:
    """Count the embedded objects, which are not read. Each has a storage of its own beside the workbook."""
    if _OBJECT_NAME not in path.read_bytes():  # opening the container a second time takes as long as reading the cells
        return
    import olefile

    try:
        with olefile.OleFileIO(str(path)) as ole:
            objects = {entry[0] for entry in ole.listdir() if len(entry) > 1 and entry[0].startswith("MBD")}
    except (OSError, ValueError, LookupError):
        return
    if objects:
        builder.report.count("embedded_object", "not_read", len(objects))
        message = (
            f"{len(objects)} embedded objects of an old workbook were not read. Save it as .xlsx to have them read."
        )
        builder.report.warn("embedded_object_not_read", message)


def _open(path: Path) -> Any:
    """Open a workbook with its number formats, or without them where they are damaged."""
    import xlrd

    options = {"logfile": io.StringIO(), "on_demand": True, "ragged_rows": True}
    try:
        return xlrd.open_workbook(str(path), formatting_info=True, **options)
    except (xlrd.XLRDError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - it raises whatever the damaged bytes lead to
        return xlrd.open_workbook(str(path), **options)


def _sheet_texts(workbook: Any) -> dict[int, SheetTexts]:
    """Return the texts beside the cells by the offset of each sheet, none for workbooks before Excel 97."""
    if workbook.biff_version < 80 or not workbook.mem:
        return {}
    return read_sheet_texts(workbook.mem, workbook.base)


def _uncalculated(workbook: Any) -> dict[int, Formulas]:
    """Return the formulas of a workbook that has no results, by the offset of each sheet."""
    return read_uncalculated(workbook) if workbook.biff_version >= 80 and workbook.mem else {}


def _add_sheet(
    builder: TextBuilder, workbook: Any, number: int, extras: dict[int, SheetTexts], formulas: Formulas
) -> None:
    sheet = workbook.sheet_by_index(number)
    grid = Grid()
    cells = _CellReader(workbook, sheet, formulas)
    for row in range(sheet.nrows):
        grid.add_row(row + 1, *cells.read_row(row))
    comments = list(_comments(sheet))
    texts = extras.get(workbook._sh_abs_posn[number], SheetTexts())
    has_text = bool(len(grid) or comments or texts.boxes or texts.charts)
    grid.write(builder)
    _add_texts(builder, texts)
    for text in comments:
        builder.report.count("comment", "read")
        builder.add_block(text)
    for code in texts.print_headers:
        builder.add_block(print_header_text(code))
    builder.report.count("sheet", "read" if has_text else "empty")
    if formulas:
        message = "Formulas have no stored results, so the formulas themselves were read. Number of formulas"
        builder.report.warn("formula_without_value", f"{message}: {len(formulas)}.", f"sheet {sheet.name}")
    if sheet.visibility:
        builder.report.count("hidden_sheet", "read" if has_text else "empty")


def _add_texts(builder: TextBuilder, texts: SheetTexts) -> None:
    for text in texts.boxes:
        builder.add_block("\n".join(text.splitlines()))
    for text in texts.charts:
        builder.add_line(" ".join(text.split()))
    builder.end_list()


def _comments(sheet: Any) -> Iterator[str]:
    for (row, column), note in sorted(sheet.cell_note_map.items()):
        if note.text.strip():
            yield comment_text(cell_name(row + 1, column), note.author, note.text)


class _CellReader:
    """Shows the cells of one sheet."""

    def __init__(self, workbook: Any, sheet: Any, formulas: Formulas) -> None:
        from xlrd.biffh import error_text_from_code  # type: ignore[import-untyped]  # xlrd has no types

        self._workbook = workbook
        self._sheet = sheet
        self._formulas = formulas
        self._errors: dict[int, str] = error_text_from_code
        self._is_1904 = workbook.datemode == 1
        self._has_formats = bool(workbook.formatting_info)
        self._formats: dict[int, NumberFormat | None] = {}

    def read_row(self, row: int) -> tuple[list[int], list[str], int]:
        """Return the columns and texts of the filled cells, and how many of them are text."""
        columns: list[int] = []
        cells: list[str] = []
        texts = 0
        values = self._sheet.row_values(row)
        for column, kind in enumerate(self._sheet.row_types(row)):
            if kind in (_EMPTY, _BLANK):
                continue
            text = self._cell_text(row, column, kind, values[column]) or self._formulas.get((row, column), "")
            if text:
                columns.append(column)
                cells.append(text)
                texts += kind not in (_NUMBER, _DATE)
        return columns, cells, texts

    def _cell_text(self, row: int, column: int, kind: int, value: Any) -> str:
        if kind == _BOOLEAN:
            return str(bool(value)).upper()
        if kind == _ERROR:
            return self._errors.get(value, "#ERROR!")
        number_format = self._format(row, column, kind)
        if kind == _TEXT:
            runs = self._sheet.rich_text_runlist_map.get((row, column))
            text = self._with_scripts(value, runs) if runs else value
            changes = number_format is not None and number_format.changes_text and bool(text)
            return clean_cell(number_format.format_text(text) if number_format and changes else text)
        return clean_cell(number_format(value)) if number_format else format_general(value)

    def _format(self, row: int, column: int, kind: int) -> NumberFormat | None:
        if not self._has_formats:
            return compile_format("yyyy-mm-dd hh:mm", is_1904=self._is_1904) if kind == _DATE else None
        index = self._sheet.cell_xf_index(row, column)
        if index not in self._formats:
            self._formats[index] = self._find_format(index)
        return self._formats[index]

    def _find_format(self, index: int) -> NumberFormat | None:
        if index >= len(self._workbook.xf_list):
            return None
        found = self._workbook.format_map.get(self._workbook.xf_list[index].format_key)
        return None if found is None else plain_or_format(found.format_str or "", is_1904=self._is_1904)

    def _with_scripts(self, text: str, runs: list[tuple[int, int]]) -> str:
        """Return a text with its superscripts and subscripts; each run has a start and a font."""
        fonts = self._workbook.font_list
        parts = [text[: runs[0][0]]]
        for number, (start, font) in enumerate(runs):
            part = text[start : runs[number + 1][0] if number + 1 < len(runs) else None]
            script = _SCRIPTS.get(fonts[font].escapement) if font < len(fonts) else None
            parts.append(script(part) if script else part)
        return "".join(parts)
