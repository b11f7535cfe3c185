"""Points for the contract suites, and a search over them."""

import numpy as np

from ingest.steps.filters import Filter
from ingest.steps.index import Index, Point, PointOwner
from ingest.steps.vectors import SparseVector, Vectors

DIMENSIONS = 8
PROJECT = "proj_1"


def make_owner(
    row: int = 1, generation: int = 1, store: str = "vs_1", project: str = PROJECT, **attributes: str | float | bool
) -> PointOwner:
    return PointOwner(row, generation, project, store, f"file-{row}", f"name-{row}.txt", attributes)


def unit_vector(number: int) -> Vectors:
    """Return the unit vector along one of the DIMENSIONS axes."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[number] = 1.0
    return vector


def make_point(number: int, *axes: int, terms: tuple[int, ...] = (), text: str = "") -> Point:
    windows = np.stack([unit_vector(a) for a in axes or (0,)])
    return Point(number, text or f"chunk {number}", windows, SparseVector(terms, [1.0] * len(terms)))


def find_rows(index: Index, filter_: Filter | None = None, store: str = "vs_1") -> set[int]:
    """Return the rows of all points in a store that match the filter."""
    dense, _ = index.search(
        PROJECT, store, dense=np.ones(DIMENSIONS, np.float32), sparse=None, filters=filter_, limit=1_000
    )
    return {hit.row for hit in dense}
