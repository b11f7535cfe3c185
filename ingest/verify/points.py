"""Check of rows against points: a completed file has one point per chunk, of its live generation, and no others exist.

A million files have about seven million points, and the index returns them in no useful order. So this first check keeps
one slot per row in arrays, counts the points of the live generation there, and sums hashes of their chunk numbers. Rows
that do not match are checked exactly by ingest/verify/recheck.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import ExpectedPoints
from ingest.services import Services
from ingest.verify.recheck import RowChecker
from ingest.verify.report import Ledger

Ints = NDArray[np.int64]
Sums = NDArray[np.uint64]

PAGE_SIZE = 65_536
"""Points that are compared at a time."""


@dataclass
class _StoreNumbers:
    """Assigns a number to each (project, store), so that arrays can hold them."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def number_of(self, project: str, store: str) -> int:
        return self.numbers.setdefault((project, store), len(self.numbers))


@dataclass(frozen=True, eq=False)
class _Rows:
    """All rows in ascending order, as parallel arrays.

    `live` is the generation of the checked model. A job writes the generations above `kept_generation` up to `writing` (0: none).
    """

    row: Ints
    live: Ints
    kept_generation: Ints
    writing: Ints
    chunks: NDArray[np.int32]
    store: NDArray[np.int32]


_SENTINEL = _Rows(
    row=np.array([0], np.int64),
    live=np.array([0], np.int64),
    kept_generation=np.array([0], np.int64),
    writing=np.array([0], np.int64),
    chunks=np.array([0], np.int32),
    store=np.array([-1], np.int32),
)
"""Precedes the first row, so that a search for any row number finds a predecessor."""


def check(services: Services, ledger: Ledger) -> tuple[int, int]:
    """Check one embedding model after the other. Returns the number of rows and of points."""
    files = points = 0
    for model, index in services.indexes().items():
        store_numbers = _StoreNumbers()
        rows = _load_rows(services, store_numbers, model)
        suspects, point_count = _find_suspects(rows, index.scan_points(), store_numbers)
        RowChecker(services, ledger, model, index).check_rows(suspects.tolist())
        files, points = len(rows.row) - 1, points + point_count
    return files, points


def _load_rows(services: Services, store_numbers: _StoreNumbers, model: str) -> _Rows:
    pages = [_SENTINEL]
    last_row = 0
    while True:
        with services.database.reading() as session:
            expected = expected_state.list_expected_points(session, last_row, model)
        if not expected:
            break
        pages.append(_to_arrays(expected, store_numbers))
        last_row = expected[-1].row
    return _Rows(
        row=np.concatenate([page.row for page in pages]),
        live=np.concatenate([page.live for page in pages]),
        kept_generation=np.concatenate([page.kept_generation for page in pages]),
        writing=np.concatenate([page.writing for page in pages]),
        chunks=np.concatenate([page.chunks for page in pages]),
        store=np.concatenate([page.store for page in pages]),
    )


def _to_arrays(page: list[ExpectedPoints], store_numbers: _StoreNumbers) -> _Rows:
    return _Rows(
        row=np.array([row.row for row in page], np.int64),
        live=np.array([row.generation or 0 for row in page], np.int64),
        kept_generation=np.array([row.kept_generation for row in page], np.int64),
        writing=np.array([row.writing_generation or 0 for row in page], np.int64),
        chunks=np.array([row.point_count for row in page], np.int32),
        store=np.array([store_numbers.number_of(row.project, row.vector_store_id) for row in page], np.int32),
    )


def _find_suspects(
    rows: _Rows, points: Iterator[tuple[int, int, str, str, int]], store_numbers: _StoreNumbers
) -> tuple[Ints, int]:
    """Return the numbers of rows whose points do not match or that do not exist, and the number of points."""
    counts, hash_sums = np.zeros(len(rows.row), np.int32), np.zeros(len(rows.row), np.uint64)
    unknown_rows, total = np.zeros(0, np.int64), 0
    while page := list(islice(points, PAGE_SIZE)):
        total += len(page)
        row = np.array([point[0] for point in page], np.int64)
        generation = np.array([point[1] for point in page], np.int64)
        store = np.array([store_numbers.number_of(point[2], point[3]) for point in page], np.int32)
        number = np.array([point[4] for point in page], np.int64)
        slot = np.searchsorted(rows.row, row, side="right") - 1
        is_known = (rows.row[slot] == row) & (rows.store[slot] == store)
        is_live = is_known & (rows.live[slot] == generation)
        is_being_written = is_known & (rows.kept_generation[slot] < generation) & (generation <= rows.writing[slot])
        np.add.at(counts, slot[is_live], 1)
        np.add.at(hash_sums, slot[is_live], _hash_numbers(number[is_live]))
        unknown_rows = np.union1d(unknown_rows, row[~(is_live | is_being_written)])
    expected_sums = np.concatenate(
        [np.zeros(1, np.uint64), np.cumsum(_hash_numbers(np.arange(rows.chunks.max(initial=0))))]
    )
    is_wrong = (counts != rows.chunks) | (hash_sums != expected_sums[rows.chunks])
    return np.union1d(unknown_rows, rows.row[is_wrong]), total


def _hash_numbers(numbers: Ints) -> Sums:
    """Hash numbers to 64 bits, so that equal sums mean equal sets of numbers (the finalizer of splitmix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
