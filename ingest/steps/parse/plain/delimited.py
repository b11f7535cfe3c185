"""The table that a CSV or TSV file is: where its header row ends, and the numbers of its rows."""

import re

from ingest.steps.parse.parsed import Table

_DELIMITERS = {"csv": ",;\t|", "tsv": "\t", "tab": "\t", "psv": "|"}
_QUOTED = re.compile('"[^"]*"')
_MAX_HEADER_CHARACTERS = 20_000
_MAX_ROW_NUMBERS = 10_000
_MIN_LINES = 2
_LINES_TO_COMPARE = 5


def find_table(text: str, suffix: str) -> Table | None:
    """Return the table over the whole text, or None if it is no table.

    The first row with a delimiter is the header; lines before it are a title. Rows are numbered by the records of the
    file, from 1, where quoted cells may span lines.
    """
    start = 0
    while start < len(text) and start < _MAX_HEADER_CHARACTERS:
        header_end = record_end(text, start)
        header = text[start:header_end]
        if (
            header.strip()
            and not header.lower().startswith("sep=")
            and _delimiter(header, text[header_end + 1 :][:20_000], suffix)
        ):
            break
        start = header_end + 1
    else:
        return None
    end = len(text.rstrip("\n"))
    if header_end >= end:
        return None
    first_number = text.count("\n", 0, start) + 1
    return Table(start, header_end, end, _row_numbers(text, start, first_number, end))


def record_end(text: str, start: int) -> int:
    """Return the offset of the line end behind the record that starts at `start`: quotes may hide line ends."""
    position = start
    quotes = 0
    while True:
        end = text.find("\n", position)
        if end < 0:
            return len(text)
        quotes += text.count('"', position, end)
        if quotes % 2 == 0 or end - start > _MAX_HEADER_CHARACTERS:
            return end
        position = end + 1


def _delimiter(header: str, rest: str, suffix: str) -> str:
    """Return the delimiter of a header: one that the next lines have too. A header may be the only cell of its row."""
    plain = _QUOTED.sub("", header)
    lines = [_QUOTED.sub("", line) for line in rest.split("\n")[:_LINES_TO_COMPARE] if line.strip()]
    for delimiter in sorted(_DELIMITERS.get(suffix, ",;\t|"), key=plain.count, reverse=True):
        if delimiter in plain and (not lines or any(delimiter in line for line in lines)):
            return delimiter
    is_single_column = not any(delimiter in line for line in lines for delimiter in _DELIMITERS.get(suffix, ","))
    return "\n" if is_single_column else ""


def _row_numbers(text: str, start: int, first_number: int, end: int) -> tuple[tuple[int, int], ...]:
    """Return the number of the first row, and of each row behind one whose quoted cells span lines."""
    numbers = [(start, first_number)]
    if '"' not in text:
        return tuple(numbers)
    number, position = first_number, start
    while position < end and len(numbers) < _MAX_ROW_NUMBERS:
        stop = record_end(text, position)
        number += 1
        if "\n" in text[position:stop] and stop < end:
            numbers.append((stop + 1, number))
        position = stop + 1
    return tuple(numbers)
