"""Exact second check, and repair, of the rows whose points the first check (ingest/verify/points.py) suspects.

A row is judged only if its expected points are the same before and after its points were read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ingest import ids
from ingest.blobs import raw_key
from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import ExpectedPoints
from ingest.db.models import FileBatch
from ingest.db.queue import model_migration, point_jobs, requeue
from ingest.db.session import read_clock
from ingest.errors import Abandoned
from ingest.services import Services
from ingest.steps.index import MAX_ROWS_PER_REQUEST, Index
from ingest.verify.report import Ledger

MAX_ATTEMPTS = 5
"""Give up on a row that changes during each attempt: live workers are processing it."""

BATCH_SIZE = 10_000
"""Files that are queued again as one batch."""

PointOrigin = tuple[int, str, str]
"""Generation, project and store of a point."""


@dataclass(frozen=True)
class _Snapshot:
    """Expected points of rows, and the generations up to which their points are due for deletion."""

    rows: dict[int, ExpectedPoints]
    purged: dict[int, int]


@dataclass(frozen=True)
class _MissingPoints:
    """A row without all of its points, and the detail of the finding."""

    row: ExpectedPoints
    detail: str


@dataclass
class RowChecker:
    """Checks suspect rows of one embedding model again, records findings, and repairs them."""

    services: Services
    ledger: Ledger
    model: str
    index: Index
    """The index of the model."""
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
            stores = sorted({store for origins in points.values() for _, _, store in origins})
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

    def _read_points(self, rows: Sequence[int]) -> dict[int, dict[PointOrigin, set[int]]]:
        """Return the chunk numbers of the points of each row, by origin."""
        points: dict[int, dict[PointOrigin, set[int]]] = {}
        for row, generation, project, store, number in self.index.scan_points(rows):
            points.setdefault(row, {}).setdefault((generation, project, store), set()).add(number)
        return points

    def _check_row(
        self,
        row_number: int,
        row: ExpectedPoints | None,
        points: dict[PointOrigin, set[int]],
        purged: int,
        purged_stores: set[str],
    ) -> None:
        """Record missing points of the live generation, and all other points that no job writes or deletes."""
        if row is not None and row.generation is not None:
            live_numbers = points.pop((row.generation, row.project, row.vector_store_id), set())
            self._check_live_points(row, row.generation, live_numbers)
        for (generation, project, store), numbers in sorted(points.items()):
            is_own = row is not None and (row.project, row.vector_store_id) == (project, store)
            is_being_written = (
                is_own and row is not None and row.kept_generation < generation <= (row.writing_generation or 0)
            )
            if is_being_written or generation <= purged or store in purged_stores:
                continue
            name = f"row {row_number} of store {store}" if row is None else _name(row)
            detail = f"{len(numbers)} points of generation {generation}"
            if row is not None and not is_own:
                detail += f" that name store {store} of project {project}"
            repair = partial(self._delete_orphaned, row_number, row, generation, store)
            self.ledger.record("points_orphaned", name, detail, repair)

    def _check_live_points(self, row: ExpectedPoints, generation: int, numbers: set[int]) -> None:
        missing = row.point_count - sum(number < row.point_count for number in numbers)
        if missing:
            detail = f"{row.point_count} points expected of generation {generation}, {row.point_count - missing} of them found"
            if row.is_standby:
                repair = partial(self._drop_standby, row, generation)
                self.ledger.record("points_missing", _name(row), f"{detail}, for {self.model}", repair)
            else:
                self._missing.append(_MissingPoints(row, detail))
        if surplus := sum(number >= row.point_count for number in numbers):
            detail = f"{row.point_count} points expected of generation {generation}, {surplus} more found"
            self.ledger.record("points_orphaned", _name(row), detail, partial(self._delete_surplus, row, generation))

    def _delete_surplus(self, row: ExpectedPoints, generation: int) -> str:
        self.index.delete_chunks_from(row.row, generation, row.point_count)
        return "deleted"

    def _drop_standby(self, row: ExpectedPoints, generation: int) -> str:
        with self.services.database.transaction() as session:
            is_dropped = model_migration.drop_standby_of_file(session, row.row, generation)
        return "written again if the store migrates to the model" if is_dropped else _UNCHANGED

    def _delete_orphaned(self, row_number: int, row: ExpectedPoints | None, generation: int, store: str) -> str:
        own_generations = () if row is None else (row.generation, *row.generations_of_other_models)
        if row is None or (generation <= row.newest_generation and generation not in own_generations):
            with self.services.database.transaction() as session:
                if row is None:
                    point_jobs.purge_up_to(session, store, [(row_number, generation)])
                else:
                    point_jobs.purge_after(session, store, [(row_number, generation - 1, generation)])
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
            self._check_live_points(row, generation, points.get((generation, row.project, row.vector_store_id), set()))
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
                self.ledger.record("points_missing", _name(missing.row), missing.detail, repair)

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
            blob = expected_state.get_blob(session, row.file_id)
        try:
            return blob is not None and self.services.blobs.age_seconds(raw_key(blob)) is not None
        except FileNotFoundError:
            return False


_UNCHANGED = "nothing: the row has changed"


def _requeue_message(row: ExpectedPoints, batch_id: str | None) -> Callable[[], str]:
    if row.writing_generation is not None:
        return lambda: "a job writes them already"
    return lambda: f"queued again in {batch_id}" if batch_id else _UNCHANGED


def _name(row: ExpectedPoints) -> str:
    return f"{row.file_id} in {row.vector_store_id}"
