"""Manifests in CSV: the separator, one type a column, and rows that do not fit the header."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TextIO

from ingest.errors import Refused
from ingest.imports.attributes import parse_value
from ingest.imports.manifest_lines import InvalidLine, Lines

SEPARATORS = (",", ";", "\t")
PATH, NAME, ATTRIBUTES = "path", "name", "attributes"

_SEPARATOR_LINE = "sep="
"""Spreadsheets write `sep=;` before the header."""


class CsvRows:
    """The rows of a CSV with the column `path`. `name` and `attributes` (JSON) are optional, others are attributes.

    The file is read twice: a column has numbers, or truth values, only if all its values are some. So an id such as
    01234 stays text, and so do the other ids of its column.
    """

    def __init__(self, open_file: Callable[[], TextIO]) -> None:
        """Read the header and the types of the columns. Raises Refused."""
        with open_file() as file:
            self._types = _column_types(_Table(file))
        self._file = open_file()
        self._table = _Table(self._file)

    @property
    def line_number(self) -> int:
        """The first line of the last row."""
        return self._table.first_line

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> "CsvRows":
        return self

    def __next__(self) -> Mapping[str, Any]:
        row = self._table.read_row()
        if not row[PATH]:
            raise InvalidLine("The path is empty")
        path, name, attributes_json = row.pop(PATH), row.pop(NAME, ""), row.pop(ATTRIBUTES, "")
        attributes: dict[str, Any] = {
            column: text if self._types[column] is str else parse_value(text) for column, text in row.items() if text
        }
        if attributes_json:
            attributes |= _parse_attributes(attributes_json)
        return {PATH: path, NAME: name, ATTRIBUTES: attributes}


class _Table:
    """The rows below a header. Raises Refused when the header is none."""

    def __init__(self, file: TextIO) -> None:
        self._lines = Lines(file)
        self.first_line = 1
        """Of the last row."""
        try:
            header = next(self._lines, "")
            separators: Sequence[str] = SEPARATORS
            if header.lower().startswith(_SEPARATOR_LINE):
                separators = (header.rstrip("\r\n")[len(_SEPARATOR_LINE) :],)
                header = next(self._lines, "")
            separator, self.columns = _parse_header(header, separators)
        except (csv.Error, InvalidLine, TypeError) as exc:  # TypeError: a separator of two characters
            raise Refused(f"The manifest is not CSV: {exc}.") from exc
        self._reader = csv.reader(self._lines, delimiter=separator, strict=True)

    def read_row(self) -> dict[str, str]:
        """Return the next row by column; empty lines are none. Raises InvalidLine, and StopIteration at the end."""
        cells: list[str] = []
        while not cells:
            self.first_line = self._lines.number + 1
            try:
                cells = next(self._reader)
            except csv.Error as exc:
                if "end of data" in str(exc):
                    last = self._lines.number
                    raise InvalidLine(f"A quotation mark is not closed, up to line {last}") from exc
                raise InvalidLine(f"Not CSV: {exc}") from exc
        if len(cells) > len(self.columns):
            raise InvalidLine(f"The line has more fields than columns: {len(cells)} instead of {len(self.columns)}")
        if len(cells) < len(self.columns):
            raise InvalidLine(f"The line has fewer fields than columns: {len(cells)} instead of {len(self.columns)}")
        row = dict(zip(self.columns, cells, strict=True))
        if row.pop("", ""):
            raise InvalidLine("The line has a value in a column without a name")
        return row


def _parse_header(header: str, separators: Sequence[str]) -> tuple[str, list[str]]:
    """Return the separator and the names of the columns. Raises Refused and csv.Error."""
    named: list[tuple[str, list[str]]] = []
    for separator in separators:
        columns = next(csv.reader([header], delimiter=separator), [])
        named.append((separator, [column.strip() for column in columns]))
    separator, columns = max(named, key=lambda candidate: (PATH in candidate[1], len(candidate[1])))
    if PATH not in columns:
        raise Refused("A CSV manifest needs a column named path.")
    if repeated := sorted({column for column in columns if columns.count(column) > 1}):
        raise Refused(f"The manifest has two columns named '{repeated[0]}'.")
    return separator, columns


def _column_types(table: _Table) -> dict[str, type]:
    """Return what all values of a column are: `str`, `bool` or `float`. Rows that do not fit do not count."""
    types: dict[str, type] = {}
    while True:
        try:
            for column, text in table.read_row().items():
                if text and (known := types.get(column)) is not str:
                    found = _type_of(text)
                    types[column] = found if known in (None, found) else str
        except InvalidLine:
            continue
        except StopIteration:
            return {column: types.get(column, str) for column in table.columns}


def _type_of(text: str) -> type:
    value = parse_value(text)
    return str if isinstance(value, str) else bool if isinstance(value, bool) else float


def _parse_attributes(text: str) -> dict[str, Any]:
    attributes: Any = None
    with suppress(ValueError):
        attributes = json.loads(text)
    if not isinstance(attributes, dict):
        raise InvalidLine("The attributes are not JSON, or not an object")
    return attributes
