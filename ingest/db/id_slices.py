"""Slices of long id lists, so that no statement has too many parameters."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

Id = TypeVar("Id")

MAX_IDS = 1_000
"""Ids in one IN list or one multi-row INSERT. SQLite takes 32,766 parameters; Postgres plans long lists slowly."""


def slices(ids: Sequence[Id]) -> Iterator[list[Id]]:
    """Yield the ids, or the rows to insert, in lists of at most `MAX_IDS`."""
    rest = iter(ids)
    while ids_slice := list(islice(rest, MAX_IDS)):
        yield ids_slice
