"""Check of rows against points: a completed file has one point per chunk, of its live generation, and no others exist.

A million files have about seven million points, and the index returns them in no useful order. So this first check keeps
one slot per row in arrays, counts the points of the live generation there, and sums hashes of their chunk numbers. A point
of a row counts only if it names the row's file: after a restore from a backup, the points of a row number may be those of
another file. Rows that do not match are checked exactly by ingest/verify/recheck.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import ExpectedPoints
from ingest.jobs import row_numbers
from ingest.services import Services
from ingest.steps.index import PointRef
from ingest.verify.pace import Pace
from ingest.verify.recheck import RowChecker
from ingest.verify.report import Ledger

Ints = NDArray[np.int64]
Sums = NDArray[np.uint64]

PAGE_SIZE = 65_536
"""Points that are compared at a time."""

TEXT_BYTES = 4_096
"""What the text of a point counts at a pace, about its length with chunks of the default size."""

CHECKSUMS_PER_TRANSACTION = 1_000


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
    file: Ints
    """Hashes of the ids of the files."""
    text_checksum: Sums
    has_checksum: NDArray[np.bool_]
    """Whether `text_checksum` is known."""


_SENTINEL = _Rows(
    row=np.array([0], np.int64),
    live=np.array([0], np.int64),
    kept_generation=np.array([0], np.int64),
    writing=np.array([0], np.int64),
    chunks=np.array([0], np.int32),
    store=np.array([-1], np.int32),
    file=np.array([0], np.int64),
    text_checksum=np.array([0], np.uint64),
    has_checksum=np.array([True]),
)
"""Precedes the first row, so that a search for any row number finds a predecessor."""


def check(services: Services, ledger: Ledger, pace: Pace | None = None) -> tuple[int, int]:
    """Check one embedding model after the other. Returns the number of rows and of points.

    With `pace`, the texts of the points are read as well and compared with their checksums.
    """
    files = points = 0
    for model, index in services.indexes().items():
        store_numbers = _StoreNumbers()
        rows = _load_rows(services, store_numbers, model)
        is_deep = pace is not None
        tally = _Tally.of(rows, with_checksums=is_deep)
        for page in _pages(index.scan_points(with_checksums=is_deep)):
            tally.add(page, store_numbers)
            if pace is not None:
                pace.spend(len(page) * TEXT_BYTES)
        checker = RowChecker(services, ledger, model, index, with_checksums=is_deep)
        checker.check_rows(tally.find_suspects().tolist())
        if is_deep:
            _fill_checksums(services, ledger, tally)
        files, points = len(rows.row) - 1, points + tally.points
    if ledger.repairing:
        row_numbers.advance_past_points(services)
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
        file=np.concatenate([page.file for page in pages]),
        text_checksum=np.concatenate([page.text_checksum for page in pages]),
        has_checksum=np.concatenate([page.has_checksum for page in pages]),
    )


def _to_arrays(page: list[ExpectedPoints], store_numbers: _StoreNumbers) -> _Rows:
    return _Rows(
        row=np.array([row.row for row in page], np.int64),
        live=np.array([row.generation or 0 for row in page], np.int64),
        kept_generation=np.array([row.kept_generation for row in page], np.int64),
        writing=np.array([row.writing_generation or 0 for row in page], np.int64),
        chunks=np.array([row.point_count for row in page], np.int32),
        store=np.array([store_numbers.number_of(row.project, row.vector_store_id) for row in page], np.int32),
        file=np.array([hash(row.file_id) for row in page], np.int64),
        text_checksum=np.array([(row.text_checksum or 0) % 2**64 for row in page], np.uint64),
        has_checksum=np.array([row.text_checksum is not None for row in page], np.bool_),
    )


def _pages(points: Iterator[PointRef]) -> Iterator[list[PointRef]]:
    while page := list(islice(points, PAGE_SIZE)):
        yield page


@dataclass
class _Tally:
    """What the points of each row add up to."""

    rows: _Rows
    counts: NDArray[np.int32]
    number_sums: Sums
    text_sums: Sums
    surplus_rows: Ints
    """Numbers of rows that have points besides those of their live generation, or that do not exist."""
    with_checksums: bool
    points: int = 0

    @classmethod
    def of(cls, rows: _Rows, *, with_checksums: bool) -> "_Tally":
        size = len(rows.row)
        sums = (np.zeros(size, np.uint64), np.zeros(size, np.uint64))
        return cls(rows, np.zeros(size, np.int32), *sums, np.zeros(0, np.int64), with_checksums)

    def add(self, page: list[PointRef], store_numbers: _StoreNumbers) -> None:
        """Count a page of points."""
        rows = self.rows
        row = np.array([point.row for point in page], np.int64)
        generation = np.array([point.generation for point in page], np.int64)
        store = np.array([store_numbers.number_of(point.project, point.vector_store_id) for point in page], np.int32)
        file = np.array([hash(point.file_id) for point in page], np.int64)
        number = np.array([point.number for point in page], np.int64)
        slot = np.searchsorted(rows.row, row, side="right") - 1
        is_known = (rows.row[slot] == row) & (rows.store[slot] == store) & (rows.file[slot] == file)
        is_live = is_known & (rows.live[slot] == generation)
        is_being_written = is_known & (rows.kept_generation[slot] < generation) & (generation <= rows.writing[slot])
        np.add.at(self.counts, slot[is_live], 1)
        np.add.at(self.number_sums, slot[is_live], _hash_numbers(number[is_live]))
        if self.with_checksums:
            checksum = np.array([point.text_checksum or 0 for point in page], np.uint64)
            np.add.at(self.text_sums, slot[is_live], checksum[is_live])
        self.surplus_rows = np.union1d(self.surplus_rows, row[~(is_live | is_being_written)])
        self.points += len(page)

    def find_suspects(self) -> Ints:
        """Return the numbers of rows whose points do not match, and of those that do not exist."""
        is_wrong = ~self._is_complete()
        if self.with_checksums:
            is_wrong |= self.rows.has_checksum & (self.text_sums != self.rows.text_checksum)
        return np.union1d(self.surplus_rows, self.rows.row[is_wrong])

    def find_unknown_checksums(self) -> list[tuple[int, int, int]]:
        """Return the row, the generation and the checksum of complete files whose checksum is not known."""
        slots = np.flatnonzero(self._is_complete() & ~self.rows.has_checksum & (self.rows.live > 0))
        sums = self.text_sums[slots].astype(np.int64)  # as databases store them
        return list(zip(self.rows.row[slots].tolist(), self.rows.live[slots].tolist(), sums.tolist(), strict=True))

    def _is_complete(self) -> NDArray[np.bool_]:
        numbers = np.cumsum(_hash_numbers(np.arange(self.rows.chunks.max(initial=0))))
        expected_sums = np.concatenate([np.zeros(1, np.uint64), numbers])
        matches = (self.counts == self.rows.chunks) & (self.number_sums == expected_sums[self.rows.chunks])
        return np.asarray(matches, np.bool_)


def _fill_checksums(services: Services, ledger: Ledger, tally: _Tally) -> None:
    """Record the checksums of files that older versions completed, in a repair; otherwise say how many there are."""
    unknown = tally.find_unknown_checksums()
    if not unknown:
        return
    if not ledger.repairing:
        ledger.hints.append(
            f"{len(unknown):,} files have no checksum of their texts yet: a repair records the present one"
        )
    for start in range(0, len(unknown) if ledger.repairing else 0, CHECKSUMS_PER_TRANSACTION):
        with services.database.transaction() as session:
            expected_state.record_text_checksums(session, unknown[start : start + CHECKSUMS_PER_TRANSACTION])


def _hash_numbers(numbers: Ints) -> Sums:
    """Hash numbers to 64 bits, so that equal sums mean equal sets of numbers (the finalizer of splitmix64)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
