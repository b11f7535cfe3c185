"""Read workbooks in the XML format of Excel 2002 and 2003 (XML Spreadsheet), which is often saved as .xls."""

import datetime
from pathlib import Path
from typing import Any

from lxml import etree

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.xml import OPTIONS, attribute, child, children, local_name, to_int
from ingest.steps.parse.formats.scripts import subscript, superscript
from ingest.steps.parse.formats.sheets.dates import format_iso_text
from ingest.steps.parse.formats.sheets.digits import format_general
from ingest.steps.parse.formats.sheets.grid import Grid, cell_name, clean_cell, write_sheet_name
from ingest.steps.parse.formats.sheets.number_format import NumberFormat
from ingest.steps.parse.formats.sheets.sheet_extras import comment_text, print_header_text
from ingest.steps.parse.formats.sheets.styles import plain_or_format
from ingest.steps.parse.parsed import ParsedText

_TAGS = [f"{{*}}{name}" for name in ("Style", "Worksheet", "Row", "Header", "Footer", "Date1904")]
_NAMED_FORMATS = {
    "General Number": "General",
    "Currency": '"$"#,##0.00',
    "Euro Currency": '"€"#,##0.00',
    "Fixed": "0.00",
    "Standard": "#,##0.00",
    "Percent": "0.00%",
    "Scientific": "0.00E+00",
    "General Date": "yyyy-mm-dd hh:mm",
    "Long Date": "yyyy-mm-dd",
    "Medium Date": "yyyy-mm-dd",
    "Short Date": "yyyy-mm-dd",
    "Long Time": "h:mm:ss AM/PM",
    "Medium Time": "h:mm AM/PM",
    "Short Time": "h:mm",
    "Yes/No": '"Yes";"Yes";"No"',
    "True/False": '"True";"True";"False"',
    "On/Off": '"On";"On";"Off"',
}
_EPOCH = datetime.datetime(1899, 12, 30)  # noqa: DTZ001 - dates of sheets have no time zone
_FIRST_REGULAR_DAY = datetime.datetime(1900, 3, 1)  # noqa: DTZ001 - dates of sheets have no time zone
_MAX_COLUMN = 1_000_000


def read(path: Path) -> ParsedText:
    """Return the text of a workbook, a section for each sheet."""
    builder = TextBuilder()
    with path.open("rb") as stream:
        skipped = len(head := stream.read(4096)) - len(head.lstrip())
        stream.seek(skipped)
        _WorkbookReader(builder).read(stream)
    return builder.parsed("spreadsheetml")


class _WorkbookReader:
    """Reads the elements of a workbook as they come, so that only one row is in memory."""

    def __init__(self, builder: TextBuilder) -> None:
        self._builder = builder
        self._codes: dict[str, str] = {}  # number formats by the ids of styles
        self._formats: dict[str, NumberFormat | None] = {}
        self._is_1904 = False
        self._start_sheet()

    def _start_sheet(self) -> None:
        self._grid = Grid()
        self._row = 0
        self._comments: list[str] = []
        self._print_headers: list[str] = []

    def read(self, stream: Any) -> None:
        context = etree.iterparse(stream, events=("start", "end"), tag=_TAGS, recover=True, **OPTIONS)
        for event, element in context:
            name = local_name(element)
            if event == "start":
                if name == "Worksheet":
                    self._start_sheet()
                continue
            self._end(name, element)
            if name in ("Row", "Worksheet"):
                element.clear()
                parent = element.getparent()
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
        if any(entry.type == etree.ErrorTypes.ERR_NO_MEMORY for entry in context.error_log):
            raise MemoryError
        if context.error_log.filter_from_errors():
            self._builder.report.warn("sheet_damaged", "The workbook is damaged. What is readable in it was read.")
            if len(self._grid):  # the file ends inside a sheet
                self._end_sheet("")

    def _end(self, name: str, element: Any) -> None:
        if name == "Row":
            self._read_row(element)
        elif name == "Worksheet":
            self._end_sheet(attribute(element, "Name"))
        elif name == "Style":
            self._read_style(element)
        elif name == "Date1904":
            self._is_1904 = True
        else:
            self._print_headers.append(attribute(element, "Data"))

    def _end_sheet(self, name: str) -> None:
        with self._builder.section("sheet", name):
            write_sheet_name(self._builder, name)
            self._builder.report.count("sheet", "read" if len(self._grid) or self._comments else "empty")
            self._grid.write(self._builder)
            for text in self._comments + [print_header_text(code) for code in self._print_headers]:
                self._builder.add_block(text)
        self._start_sheet()

    def _read_style(self, style: Any) -> None:
        node = child(style, "NumberFormat")
        code = self._codes.get(attribute(style, "Parent"), "") if node is None else attribute(node, "Format")
        self._codes[attribute(style, "ID")] = _NAMED_FORMATS.get(code, code)

    def _format(self, style: str) -> NumberFormat | None:
        if style not in self._formats:
            self._formats[style] = plain_or_format(self._codes.get(style, ""), is_1904=self._is_1904)
        return self._formats[style]

    def _read_row(self, row: Any) -> None:
        self._row = max(to_int(attribute(row, "Index")), self._row + 1)
        columns: list[int] = []
        cells: list[str] = []
        texts, column = 0, -1
        row_style = attribute(row, "StyleID") or "Default"
        for cell in children(row, "Cell"):
            column = min(max(to_int(attribute(cell, "Index")) - 1, column + 1), _MAX_COLUMN)
            text, is_text = self._cell_text(cell, attribute(cell, "StyleID") or row_style)
            if text:
                columns.append(column)
                cells.append(text)
                texts += is_text
            self._read_comment(cell, column)
            column += min(to_int(attribute(cell, "MergeAcross")), _MAX_COLUMN)
        self._grid.add_row(self._row, columns, cells, texts)
        self._row += to_int(attribute(row, "Span"))

    def _read_comment(self, cell: Any, column: int) -> None:
        comment = child(cell, "Comment")
        if comment is None:
            return
        data = child(comment, "Data")
        text = "" if data is None else "".join(data.itertext())
        if text.strip():
            self._builder.report.count("comment", "read")
            self._comments.append(comment_text(cell_name(self._row, column), attribute(comment, "Author"), text))

    def _cell_text(self, cell: Any, style: str) -> tuple[str, bool]:
        data = child(cell, "Data")
        if data is None:
            formula = attribute(cell, "Formula")
            return clean_cell(formula), True
        kind, number_format = attribute(data, "Type"), self._format(style)
        text = _data_text(data) if len(data) else data.text or ""
        if kind == "Boolean":
            return {"1": "TRUE", "0": "FALSE"}.get(text.strip(), text), True
        if kind == "Number":
            return _number_text(text.strip(), number_format), False
        if kind == "DateTime":
            return _date_text(text, number_format), False
        if number_format is not None and number_format.changes_text:
            text = number_format.format_text(text)
        return clean_cell(text), True


def _data_text(data: Any) -> str:
    """Return the text of formatted data, whose elements are those of HTML."""
    parts: list[str] = []
    for event, node in etree.iterwalk(data, events=("start", "end")):
        if event == "start":
            name, text = local_name(node), node.text or ""
            parts.append(superscript(text) if name == "Sup" else subscript(text) if name == "Sub" else text)
        elif node is not data:
            parts.append(node.tail or "")
    return "".join(parts)


def _number_text(text: str, number_format: NumberFormat | None) -> str:
    try:
        number = float(text)
        return clean_cell(number_format(number) if number_format else format_general(number))
    except (ValueError, OverflowError):
        return clean_cell(text)


def _date_text(text: str, number_format: NumberFormat | None) -> str:
    """Return a date in ISO 8601, or as its format shows it, such as a time of day."""
    if number_format is None or not number_format.is_date:
        return format_iso_text(text)
    try:
        moment = datetime.datetime.fromisoformat(text.strip().removesuffix("Z"))
    except ValueError:
        return clean_cell(text)
    serial = (moment.replace(tzinfo=None) - _EPOCH) / datetime.timedelta(days=1)
    return number_format(serial if moment.replace(tzinfo=None) >= _FIRST_REGULAR_DAY else serial - 1)
