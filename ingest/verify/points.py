"""Rows against points: every completed file has its chunks, all of its live generation, and nobody else has any.

A million files have some seven million points, which come in no useful order. So each row becomes a place in arrays
of numbers, where the points of its live generation are counted and their numbers summed up; what does not come out
is looked at again, row by row and exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import Expected
from ingest.services import Services
from ingest.verify.recheck import Looker
from ingest.verify.report import Ledger

Ints = NDArray[np.int64]
Sums = NDArray[np.uint64]

TOGETHER = 65_536
"""Points that are compared at once."""


@dataclass
class _Places:
    """Numbers for (project, store): what a point says of where it belongs."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def of(self, project: str, store: str) -> int:
        return self.numbers.setdefault((project, store), len(self.numbers))


@dataclass(frozen=True, eq=False)
class _Rows:
    """All rows, ascending: their number, the generation that they have of a model, those that are being written (from the
    one after `kept` to `writing`, 0 for none), chunks, and place."""

    row: Ints
    live: Ints
    kept: Ints
    writing: Ints
    chunks: NDArray[np.int32]
    place: NDArray[np.int32]


NOBODY = _Rows(
    row=np.array([0], np.int64),
    live=np.array([0], np.int64),
    kept=np.array([0], np.int64),
    writing=np.array([0], np.int64),
    chunks=np.array([0], np.int32),
    place=np.array([-1], np.int32),
)
"""Stands before the first row, so that every point comes after somebody."""


def check(services: Services, ledger: Ledger) -> tuple[int, int]:
    """Compare, one embedding model after the other; the number of rows, and of points."""
    files = points = 0
    for model, index in services.indexes().items():
        places = _Places()
        rows = _load(services, places, model)
        suspects, found = _suspects(rows, index.scan(), places)
        Looker(services, ledger, model, index).look(suspects.tolist())
        files, points = len(rows.row) - 1, points + found
    return files, points


def _load(services: Services, places: _Places, model: str) -> _Rows:
    pages = [NOBODY]
    last = 0
    while True:
        with services.database.reading() as session:
            expected = expected_state.expected_points(session, last, model)
        if not expected:
            break
        pages.append(_page(expected, places))
        last = expected[-1].row
    return _Rows(
        row=np.concatenate([page.row for page in pages]),
        live=np.concatenate([page.live for page in pages]),
        kept=np.concatenate([page.kept for page in pages]),
        writing=np.concatenate([page.writing for page in pages]),
        chunks=np.concatenate([page.chunks for page in pages]),
        place=np.concatenate([page.place for page in pages]),
    )


def _page(page: list[Expected], places: _Places) -> _Rows:
    return _Rows(
        row=np.array([row.row for row in page], np.int64),
        live=np.array([row.generation or 0 for row in page], np.int64),
        kept=np.array([row.kept for row in page], np.int64),
        writing=np.array([row.writing or 0 for row in page], np.int64),
        chunks=np.array([row.live for row in page], np.int32),
        place=np.array([places.of(row.project, row.vector_store_id) for row in page], np.int32),
    )


def _suspects(rows: _Rows, points: Iterator[tuple[int, int, str, str, int]], places: _Places) -> tuple[Ints, int]:
    """The rows whose points do not come out, or that are none of ours; and the number of points."""
    counted, sums = np.zeros(len(rows.row), np.int32), np.zeros(len(rows.row), np.uint64)
    strays, total = np.zeros(0, np.int64), 0
    while some := list(islice(points, TOGETHER)):
        total += len(some)
        row = np.array([point[0] for point in some], np.int64)
        generation = np.array([point[1] for point in some], np.int64)
        place = np.array([places.of(point[2], point[3]) for point in some], np.int32)
        number = np.array([point[4] for point in some], np.int64)
        at = np.searchsorted(rows.row, row, side="right") - 1
        known = (rows.row[at] == row) & (rows.place[at] == place)
        live = known & (rows.live[at] == generation)
        written = known & (rows.kept[at] < generation) & (generation <= rows.writing[at])
        np.add.at(counted, at[live], 1)
        np.add.at(sums, at[live], _mixed(number[live]))
        strays = np.union1d(strays, row[~(live | written)])
    right = np.concatenate([np.zeros(1, np.uint64), np.cumsum(_mixed(np.arange(rows.chunks.max(initial=0))))])
    wrong = (counted != rows.chunks) | (sums != right[rows.chunks])
    return np.union1d(strays, rows.row[wrong]), total


def _mixed(numbers: Ints) -> Sums:
    """Numbers spread over 64 bits, so that equal sums mean equal numbers (the finisher of splitmix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
