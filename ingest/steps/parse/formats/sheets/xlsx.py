"""Read Excel workbooks (.xlsx and its siblings), cells as the sheets show them (ECMA-376 part 1, chapter 18).

A workbook that this reader cannot open is read by python-calamine, which is more tolerant and knows no number formats.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.package import UNREADABLE, OoxmlPackage, PartError
from ingest.steps.parse.formats.ooxml.xml import attribute, child, children
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from ingest.steps.parse.formats.sheets.second_reader import read_with_second_reader
from ingest.steps.parse.formats.sheets.sheet_extras import SheetExtras
from ingest.steps.parse.formats.sheets.strings import read_shared_strings
from ingest.steps.parse.formats.sheets.styles import read_formats
from ingest.steps.parse.formats.sheets.workbook import Sheet, add_sheets
from ingest.steps.parse.formats.sheets.worksheet import WorksheetReader
from ingest.steps.parse.parsed import ParsedText


def read(path: Path) -> ParsedText:
    """Return the text of a workbook, a section for each sheet. Raises InvalidFile if no sheet can be read."""
    return read_with_second_reader(path, "xlsx", _read)


def _read(path: Path) -> ParsedText:
    builder = TextBuilder()
    with OoxmlPackage(path) as package:
        main = package.main_part("sheet.main", "template.main", "addin.main", "sheet.macroenabled") or "xl/workbook.xml"
        root = package.root(main)
        strings = _read_strings(package, main, builder)
        reader = WorksheetReader(strings, _read_styles(package, main, is_1904=_is_1904(root)))
        extras = SheetExtras(builder, package, main)
        sheets = _sheets(package, main, root)
        add_sheets(builder, package, reader, extras, sheets)
    return builder.parsed("xlsx")


def _is_1904(workbook: Any) -> bool:
    properties = child(workbook, "workbookPr")
    return properties is not None and properties.get("date1904", "0") in ("1", "true", "on")


def _sheets(package: OoxmlPackage, main: str, root: Any) -> list[Sheet]:
    """Return the sheets in the order of their tabs."""
    relationships = package.relationships(main)
    listed = child(root, "sheets")
    sheets: list[Sheet] = []
    for number, node in enumerate(() if listed is None else children(listed, "sheet"), 1):
        identifier = next((value for key, value in node.items() if key.endswith("}id")), attribute(node, "id"))
        relationship = relationships.get(identifier)
        part = relationship.target if relationship else f"{main.rpartition('/')[0]}/worksheets/sheet{number}.xml"
        kind = relationship.kind if relationship else "worksheet"
        name = node.get("name") or f"Sheet{number}"
        sheets.append(Sheet(name, part, kind, node.get("state", "visible") != "visible"))
    return sheets


def _read_strings(package: OoxmlPackage, main: str, builder: TextBuilder) -> list[str]:
    """Return the shared strings; as many as can be read of a damaged part, with a warning."""
    names = package.related(main, "sharedStrings") or [f"{main.rpartition('/')[0]}/sharedStrings.xml"]
    strings: list[str] = []
    if package.find(names[0]) is None:
        return strings
    try:
        with package.open(names[0]) as stream:
            strings.extend(read_shared_strings(stream))
    except (PartError, SyntaxError, *UNREADABLE):
        builder.report.warn("part_damaged", "The table of the workbook's texts is damaged. Some texts are missing.")
    return strings


def _read_styles(package: OoxmlPackage, main: str, *, is_1904: bool) -> Sequence[NumberFormat | None]:
    for name in package.related(main, "styles") or [f"{main.rpartition('/')[0]}/styles.xml"]:
        root = package.optional_root(name)
        if root is not None:
            return read_formats(root, is_1904=is_1904)
    return ()
