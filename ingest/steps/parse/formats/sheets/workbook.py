"""Add the sheets of a workbook package to a builder, whatever the format of its parts (XML or binary)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import UNREADABLE, OoxmlPackage, PartError
from ingest.steps.parse.formats.sheets.cells import SheetReading
from ingest.steps.parse.formats.sheets.grid import write_sheet_name
from ingest.steps.parse.formats.sheets.sheet_extras import SheetExtras, print_header_text

MAX_SHEETS = 5000


@dataclass(frozen=True)
class Sheet:
    """A sheet as the workbook lists it. `kind` is "worksheet", "chartsheet" or another kind of relationship."""

    name: str
    part: str
    kind: str
    is_hidden: bool


class SheetReader(Protocol):
    """Reads the part of a worksheet."""

    def read(self, stream: IO[bytes]) -> SheetReading:
        """Return what the worksheet holds."""


def add_sheets(
    builder: TextBuilder, package: OoxmlPackage, reader: SheetReader, extras: SheetExtras, sheets: Sequence[Sheet]
) -> None:
    """Add a section for each sheet, hidden ones too. Raises InvalidFile if there are no sheets."""
    if not sheets:
        raise InvalidFile("The file could not be parsed as a workbook: it has no sheets.")
    for sheet in sheets[:MAX_SHEETS]:
        with builder.section("sheet", sheet.name):
            write_sheet_name(builder, sheet.name)
            _add_sheet(builder, package, reader, extras, sheet)
    if len(sheets) > MAX_SHEETS:
        builder.report.count("sheet", "not_read", len(sheets) - MAX_SHEETS)
        builder.report.warn("sheets_not_read", f"Only the first {MAX_SHEETS} sheets were read.")
    for name in package.damaged:
        builder.report.warn("part_damaged", "A part of the workbook is damaged. What is readable was read.", name)


def _add_sheet(
    builder: TextBuilder, package: OoxmlPackage, reader: SheetReader, extras: SheetExtras, sheet: Sheet
) -> None:
    """Add the cells of a sheet and everything else on it, and count it in the report."""
    reading, part = SheetReading(), f"sheet {sheet.name}"
    if sheet.kind != "chartsheet":
        try:
            with package.open(sheet.part) as stream:
                reading = reader.read(stream)
        except (PartError, *UNREADABLE):
            builder.report.count("sheet", "failed")
            builder.report.warn("sheet_not_read", "A sheet is missing or damaged and could not be read.", part)
            return
    has_cells = len(reading.grid) > 0
    reading.grid.write(builder)
    has_more = extras.add(sheet.part, part, has_cells=has_cells)
    for text in map(print_header_text, reading.print_headers):
        builder.add_block(text)
    builder.report.count("sheet", "read" if has_cells or has_more else "failed" if reading.is_damaged else "empty")
    if sheet.is_hidden:
        builder.report.count("hidden_sheet", "read" if has_cells or has_more else "empty")
    _warn(builder, reading, part)


def _warn(builder: TextBuilder, reading: SheetReading, part: str) -> None:
    if reading.is_damaged:
        builder.report.warn("sheet_damaged", "A sheet is damaged. What is readable in it was read.", part)
    if reading.formulas:
        message = "Formulas have no stored results, so the formulas themselves were read. Number of formulas"
        builder.report.warn("formula_without_value", f"{message}: {reading.formulas}.", part)
    if reading.bad_strings:
        message = "Cells refer to texts that are missing in the workbook. Number of cells"
        builder.report.warn("text_missing", f"{message}: {reading.bad_strings}.", part)
