"""Read the comments of a sheet of a binary workbook ([MS-XLSB] section 2.1.7.8)."""

import struct
from collections.abc import Iterator

from ingest.steps.parse.formats.sheets.grid import cell_name
from ingest.steps.parse.formats.sheets.records import read_records, read_string

_AUTHOR, _COMMENT, _TEXT = 632, 635, 637
_COMMENT_BYTES = 4 + 16 + 16


def read_binary_comments(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the cell, author and text of each comment."""
    authors: list[str] = []
    reference = author = ""
    for kind, start, end in read_records(data):
        if kind == _AUTHOR:
            authors.append(read_string(data, start, end)[0])
        elif kind == _COMMENT and end - start >= _COMMENT_BYTES:
            number, row, _, column = struct.unpack_from("<4I", data, start)
            reference = cell_name(min(row, 2**20) + 1, min(column, 2**14))
            author = authors[number] if number < len(authors) else ""
        elif kind == _TEXT and reference:
            yield reference, author, read_string(data, start + 1, end)[0]
