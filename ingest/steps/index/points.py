"""What an index holds and returns: points, their owners, and search hits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ingest.steps.vectors import SparseVector, Vectors


@dataclass(frozen=True, eq=False)
class Point:
    """One chunk of a file.

    `number` is its position in the file, from 0. `dense` has one row for each window of the chunk (k, dimensions).
    `location` is where the chunk comes from in its file (ingest/steps/location.py); points of older versions have none.
    """

    number: int
    text: str
    dense: Vectors
    sparse: SparseVector
    location: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class PointOwner:
    """The store file that points belong to.

    `row` is the store file's row number. `generation` is the version of the file's points. A database that was restored
    from a backup gives out row numbers again, so points also name their file by `file_id`, which is random.
    """

    row: int
    generation: int
    project: str
    vector_store_id: str
    file_id: str
    filename: str
    attributes: Mapping[str, str | float | bool]


@dataclass(frozen=True)
class Hit:
    """One chunk in a search result; `score` is the one that the index computed, `file_id` the file that the point names."""

    row: int
    generation: int
    number: int
    text: str
    score: float
    location: Mapping[str, Any] | None = field(default=None, hash=False)
    file_id: str = ""


class PointKey(NamedTuple):
    """The identity of a point: a chunk of one version of a store file."""

    row: int
    generation: int
    number: int


class StoredText(NamedTuple):
    """The text of a stored point, where it comes from in its file, and the file that the point names.

    Points of older versions have no location.
    """

    text: str
    location: Mapping[str, Any] | None
    file_id: str = ""


class PointRef(NamedTuple):
    """Which chunk of which file a stored point is, without its text and vectors.

    `text_checksum` is that of the chunk's text, None if it was not asked for.
    """

    row: int
    generation: int
    project: str
    vector_store_id: str
    number: int
    file_id: str
    text_checksum: int | None = None
