"""The header rows that chunks and windows repeat when they continue a table."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ingest.steps.chunk.tokens import Tokens

_MAX_SHARE = 4
"""A header row is repeated if it takes at most a quarter of the chunk or window."""


class TableRange(Protocol):
    """A table in the text, in characters: [start, end), of which [start, header_end) is the header row."""

    @property
    def start(self) -> int: ...
    @property
    def header_end(self) -> int: ...
    @property
    def end(self) -> int: ...


class HeaderRow(NamedTuple):
    """A header row: characters [start, end), and its length in tokens with a line end."""

    start: int
    end: int
    tokens: int


class HeaderRows:
    """The header rows of one text's tables, which are in rising order."""

    def __init__(self, tokens: Tokens, tables: Sequence[TableRange]) -> None:
        self._tokens = tokens
        self._tables = tables
        self._starts = [table.start for table in tables]

    def above(self, index: int, max_tokens: int) -> HeaderRow | None:
        """Return the header row to repeat before token `index` in a piece of at most `max_tokens`, if there is one."""
        if not self._tables:
            return None
        offset = self._tokens.character_offset(index)
        position = bisect_right(self._starts, offset) - 1
        if position < 0:
            return None
        table = self._tables[position]
        if not table.header_end < offset < table.end:
            return None
        # One token more for the line end, and one because the row may begin inside a token.
        length = self._tokens.index_at(table.header_end) - self._tokens.index_at(table.start) + 2
        return HeaderRow(table.start, table.header_end, length) if length * _MAX_SHARE <= max_tokens else None
