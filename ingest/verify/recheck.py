"""Exact second check, and repair, of the rows whose points the first check (ingest/verify/points.py) suspects.

A row is judged only if its expected points are the same before and after its points were read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ingest import ids
from ingest.blobs import raw_key
from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import ExpectedPoints
from ingest.db.models import FileBatch
from ingest.db.queue import model_migration, point_jobs, requeue
from ingest.db.session import read_clock
from ingest.errors import Abandoned
from ingest.services import Services
from ingest.steps.index import MAX_ROWS_PER_REQUEST, Index, add_checksums
from ingest.verify import blob_bytes
from ingest.verify.report import FindingKind, Ledger

MAX_ATTEMPTS = 5
"""Give up on a row that changes during each attempt: live workers are processing it."""

BATCH_SIZE = 10_000
"""Files that are queued again as one batch."""


class PointOrigin(NamedTuple):
    """What a point names besides its row and its number."""

    generation: int
    project: str
    store: str
    file_id: str


Chunks = dict[int, int]
"""Checksums of texts by the number of their chunk; 0 if they were not read."""


@dataclass(frozen=True)
class _Snapshot:
    """Expected points of rows, and the generations up to which their points are due for deletion."""

    rows: dict[int, ExpectedPoints]
    purged: dict[int, int]


@dataclass(frozen=True)
class _MissingPoints:
    """A row without all of its points, or with damaged ones, and the finding."""

    row: ExpectedPoints
    detail: str
    kind: FindingKind = "points_missing"


@dataclass
class RowChecker:
    """Checks suspect rows of one embedding model again, records findings, and repairs them."""

    services: Services
    ledger: Ledger
    model: str
    index: Index
    """The index of the model."""
    with_checksums: bool = False
    """Whether texts are compared with their checksums too."""
    _missing: list[_MissingPoints] = field(default_factory=list)

    def check_rows(self, rows: Sequence[int]) -> None:
        """Check rows by number, and queue files with missing points again."""
        for start in range(0, len(rows), MAX_ROWS_PER_REQUEST):
            self._check_page(list(rows[start : start + MAX_ROWS_PER_REQUEST]))
            if len(self._missing) >= BATCH_SIZE:
                self._record_missing()
        self._record_missing()

    def _check_page(self, rows: list[int]) -> None:
        for _ in range(MAX_ATTEMPTS):
            before = self._read_snapshot(rows)
            points = self._read_points(rows)
            after = self._read_snapshot(rows)
            stores = sorted({origin.store for origins in points.values() for origin in origins})
            with self.services.database.reading() as session:
                purged_stores = expected_state.purged_stores(session, stores)
            changed_rows = []
            for row in rows:
                if before.rows.get(row) != after.rows.get(row):
                    changed_rows.append(row)
                    continue
                purged = max(before.purged.get(row, 0), after.purged.get(row, 0))
                self._check_row(row, after.rows.get(row), points.get(row, {}), purged, purged_stores)
            rows = changed_rows
            if not rows:
                return

    def _read_snapshot(self, rows: Sequence[int]) -> _Snapshot:
        with self.services.database.reading() as session:
            return _Snapshot(
                expected_state.get_expected_points(session, rows, self.model),
                expected_state.last_purged_generations(session, rows),
            )

    def _read_points(self, rows: Sequence[int]) -> dict[int, dict[PointOrigin, Chunks]]:
        """Return the chunks of the points of each row, by origin."""
        points: dict[int, dict[PointOrigin, Chunks]] = {}
        for point in self.index.scan_points(rows, with_checksums=self.with_checksums):
            origin = PointOrigin(point.generation, point.project, point.vector_store_id, point.file_id)
            points.setdefault(point.row, {}).setdefault(origin, {})[point.number] = point.text_checksum or 0
        return points

    def _check_row(
        self,
        row_number: int,
        row: ExpectedPoints | None,
        points: dict[PointOrigin, Chunks],
        purged: int,
        purged_stores: set[str],
    ) -> None:
        """Record missing points of the live generation, and all other points that no job writes or deletes."""
        if row is not None and row.generation is not None:
            live_chunks = points.pop(_own_origin(row, row.generation), {})
            self._check_live_points(row, row.generation, live_chunks)
        for origin, chunks in sorted(points.items()):
            is_own = row is not None and origin == _own_origin(row, origin.generation)
            is_being_written = (
                is_own and row is not None and row.kept_generation < origin.generation <= (row.writing_generation or 0)
            )
            if is_being_written or origin.generation <= purged or origin.store in purged_stores:
                continue
            name = f"row {row_number} of store {origin.store}" if row is None else _name(row)
            detail = f"{len(chunks)} points of generation {origin.generation}"
            if row is not None and not is_own:
                detail += f" that name {origin.file_id} in store {origin.store} of project {origin.project}"
            repair = partial(self._delete_orphaned, row_number, row, origin)
            self.ledger.record("points_orphaned", name, detail, repair)

    def _check_live_points(self, row: ExpectedPoints, generation: int, chunks: Chunks) -> None:
        missing = row.point_count - sum(number < row.point_count for number in chunks)
        if missing:
            found = row.point_count - missing
            detail = f"{row.point_count} points expected of generation {generation}, {found} of them found"
            self._add_missing(_MissingPoints(row, detail), generation)
        elif self.with_checksums and row.text_checksum is not None:
            checksums = (checksum for number, checksum in chunks.items() if number < row.point_count)
            if add_checksums(0, checksums) != row.text_checksum:
                detail = (
                    f"the texts of the {row.point_count} points of generation {generation} are not those of the file"
                )
                self._add_missing(_MissingPoints(row, detail, "points_damaged"), generation)
        if surplus := sum(number >= row.point_count for number in chunks):
            detail = f"{row.point_count} points expected of generation {generation}, {surplus} more found"
            self.ledger.record("points_orphaned", _name(row), detail, partial(self._delete_surplus, row, generation))

    def _add_missing(self, missing: _MissingPoints, generation: int) -> None:
        """Collect a file that a repair queues again, or record that standby points are to be dropped."""
        if not missing.row.is_standby:
            self._missing.append(missing)
            return
        repair = partial(self._drop_standby, missing.row, generation)
        self.ledger.record(missing.kind, _name(missing.row), f"{missing.detail}, for {self.model}", repair)

    def _delete_surplus(self, row: ExpectedPoints, generation: int) -> str:
        self.index.delete_chunks_from(row.row, generation, row.point_count)
        return "deleted"

    def _drop_standby(self, row: ExpectedPoints, generation: int) -> str:
        with self.services.database.transaction() as session:
            is_dropped = model_migration.drop_standby_of_file(session, row.row, generation)
        return "written again if the store migrates to the model" if is_dropped else _UNCHANGED

    def _delete_orphaned(self, row_number: int, row: ExpectedPoints | None, origin: PointOrigin) -> str:
        generation = origin.generation
        if row is None or row.file_id != origin.file_id:
            # No purge by generation: the row number may be given out again before it, or has been.
            self.index.delete_points_of_file(row_number, origin.file_id)
            return "deleted"
        own_generations = (row.generation, *row.generations_of_other_models)
        if generation <= row.newest_generation and generation not in own_generations:
            with self.services.database.transaction() as session:
                point_jobs.purge_after(session, origin.store, [(row_number, generation - 1, generation)])
            return "the next maintenance run deletes them"
        # A purge by generation would delete other points too: this generation was never started, belongs to another
        # store, or to another model.
        first_surplus = row.point_count if generation == row.generation else 0
        self.index.delete_chunks_from(row_number, generation, first_surplus)
        return self._check_after_deletion(row_number, generation)

    def _check_after_deletion(self, row_number: int, generation: int) -> str:
        """Check a row again: it may have started this generation while points of it were deleted."""
        row = self._read_snapshot([row_number]).rows.get(row_number)
        if row is not None and row.generation == generation:
            points = self._read_points([row_number]).get(row_number, {})
            self._check_live_points(row, generation, points.get(_own_origin(row, generation), {}))
        elif row is not None and row.writing_generation == generation:
            return "deleted; a re-index of the file has started: verify again after its end"
        return "deleted"

    def _record_missing(self) -> None:
        """Record the collected rows with missing points. A repair queues their files again, one batch per store."""
        rows_by_store: dict[str, list[_MissingPoints]] = {}
        for missing in self._missing:
            rows_by_store.setdefault(missing.row.vector_store_id, []).append(missing)
        self._missing = []
        for store, missing_points in rows_by_store.items():
            repairable = {
                missing.row.row for missing in missing_points if self.ledger.repairing and self._has_bytes(missing.row)
            }
            rows = [m.row.row for m in missing_points if m.row.row in repairable and m.row.writing_generation is None]
            batch_id = self._requeue(store, rows) if rows else None
            for missing in missing_points:
                repair = _requeue_message(missing.row, batch_id) if missing.row.row in repairable else None
                self.ledger.record(missing.kind, _name(missing.row), missing.detail, repair)

    def _requeue(self, store: str, rows: Sequence[int]) -> str | None:
        """Queue files again and return the id of their batch; None if none of them could be queued."""
        try:
            with self.services.database.transaction() as session:
                batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=int(read_clock(session)))
                return batch.id if requeue.rewrite_points(session, batch, rows) else None
        except Abandoned:  # the store and its points were deleted
            return None

    def _has_bytes(self, row: ExpectedPoints) -> bool:
        """Return whether the file can be parsed again. If not, its remaining points are kept."""
        with self.services.database.reading() as session:
            file = expected_state.get_file_bytes(session, row.file_id)
        if file is None:
            return False
        if self.with_checksums:
            return blob_bytes.is_intact(self.services, file.blob)
        try:
            return self.services.blobs.size(raw_key(file.blob)) == file.size
        except FileNotFoundError:
            return False


_UNCHANGED = "nothing: the row has changed"


def _requeue_message(row: ExpectedPoints, batch_id: str | None) -> Callable[[], str]:
    if row.writing_generation is not None:
        return lambda: "a job writes them already"
    return lambda: f"queued again in {batch_id}" if batch_id else _UNCHANGED


def _own_origin(row: ExpectedPoints, generation: int) -> PointOrigin:
    return PointOrigin(generation, row.project, row.vector_store_id, row.file_id)


def _name(row: ExpectedPoints) -> str:
    return f"{row.file_id} in {row.vector_store_id}"
