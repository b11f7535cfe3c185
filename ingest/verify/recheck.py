"""The second look at rows whose points do not come out: exact, and only at what stands still. And the repair."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ingest import ids
from ingest.blobs import raw
from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import Expected
from ingest.db.models import FileBatch
from ingest.db.queue import counters, model_migration, requeue
from ingest.db.session import read_clock
from ingest.errors import Abandoned
from ingest.services import Services
from ingest.steps.index import MAX_ROWS, Index
from ingest.verify.report import Ledger

LOOKS = 5
"""A row that changes hands as often while we look is in good hands."""

TOGETHER = 10_000
"""Files that are written anew as one batch."""

Stray = tuple[int, str, str]
"""A generation, and the project and store that a point says it belongs to."""


@dataclass(frozen=True)
class _Moment:
    """Rows as they are, and which of their points are about to be deleted."""

    rows: dict[int, Expected]
    purged: dict[int, int]


@dataclass(frozen=True)
class _Lost:
    """A row that misses points: what to say, and what it needs to be written anew."""

    row: Expected
    detail: str


@dataclass
class Looker:
    """Looks at rows again, writes down what is wrong with them, and repairs it."""

    services: Services
    ledger: Ledger
    model: str
    index: Index
    """Where the model's points are."""
    _lost: list[_Lost] = field(default_factory=list)

    def look(self, rows: Sequence[int]) -> None:
        """Judge rows that did not come out."""
        for start in range(0, len(rows), MAX_ROWS):
            self._judge(list(rows[start : start + MAX_ROWS]))
            if len(self._lost) >= TOGETHER:
                self._write_anew()
        self._write_anew()

    def _judge(self, rows: list[int]) -> None:
        for _ in range(LOOKS):
            before = self._moment(rows)
            found = self._points(rows)
            after = self._moment(rows)
            with self.services.database.reading() as session:
                gone = expected_state.purged_stores(
                    session, sorted({store for of in found.values() for _, _, store in of})
                )
            moving = []
            for row in rows:
                if before.rows.get(row) != after.rows.get(row):
                    moving.append(row)
                    continue
                purged = max(before.purged.get(row, 0), after.purged.get(row, 0))
                self._told(row, after.rows.get(row), found.get(row, {}), purged, gone)
            rows = moving
            if not rows:
                return

    def _moment(self, rows: Sequence[int]) -> _Moment:
        with self.services.database.reading() as session:
            return _Moment(
                expected_state.expected_of(session, rows, self.model), expected_state.purged_rows(session, rows)
            )

    def _points(self, rows: Sequence[int]) -> dict[int, dict[Stray, set[int]]]:
        found: dict[int, dict[Stray, set[int]]] = {}
        for row, generation, project, store, number in self.index.scan(rows):
            found.setdefault(row, {}).setdefault((generation, project, store), set()).add(number)
        return found

    def _told(
        self, number: int, row: Expected | None, found: dict[Stray, set[int]], purged: int, gone: set[str]
    ) -> None:
        if row is not None and row.generation is not None:
            mine = found.pop((row.generation, row.project, row.vector_store_id), set())
            self._told_live(row, row.generation, mine)
        for (generation, project, store), numbers in sorted(found.items()):
            written = row is not None and row.kept < generation <= (row.writing or 0)
            here = row is not None and (row.project, row.vector_store_id) == (project, store)
            if (written and here) or generation <= purged or store in gone:
                continue
            where = f"row {number} of store {store}" if row is None else _name(row)
            detail = f"{len(numbers)} points of generation {generation}"
            if row is not None and (row.project, row.vector_store_id) != (project, store):
                detail += f" that say they belong to {store} of {project}"
            self.ledger.found("points left over", where, detail, partial(self._removed, number, row, generation, store))

    def _told_live(self, row: Expected, generation: int, numbers: set[int]) -> None:
        missing = row.live - sum(number < row.live for number in numbers)
        if missing:
            detail = f"{row.live} points expected of generation {generation}, {row.live - missing} of them found"
            if row.aside:
                again = partial(self._dropped, row, generation)
                self.ledger.found("points missing", _name(row), f"{detail}, for {self.model}", again)
            else:
                self._lost.append(_Lost(row, detail))
        if too_many := sum(number >= row.live for number in numbers):
            detail = f"{row.live} points expected of generation {generation}, {too_many} more found"
            self.ledger.found("points left over", _name(row), detail, partial(self._trimmed, row, generation))

    def _trimmed(self, row: Expected, generation: int) -> str:
        self.index.delete_chunks_from(row.row, generation, row.live)
        return "deleted"

    def _dropped(self, row: Expected, generation: int) -> str:
        with self.services.database.transaction() as session:
            done = model_migration.drop_one(session, row.row, generation)
        return "made anew if the store goes over to the model" if done else "nothing: it has changed meanwhile"

    def _removed(self, number: int, row: Expected | None, generation: int, store: str) -> str:
        own = () if row is None else (row.generation, *row.elsewhere)
        if row is None or (generation <= row.last and generation not in own):
            with self.services.database.transaction() as session:
                if row is None:
                    counters.purge(session, store, [(number, generation)])
                else:
                    counters.purge_after(session, store, [(number, generation - 1, generation)])
            return "to be deleted by the next sweep"
        # A purge would take what is found with it; this one never was begun, is not ours, or of another model.
        self.index.delete_chunks_from(number, generation, row.live if generation == row.generation else 0)
        return self._told_again(number, generation)

    def _told_again(self, number: int, generation: int) -> str:
        """Judge a row once more if it began the generation, which nobody had, while points of that were deleted."""
        now = self._moment([number]).rows.get(number)
        if now is not None and now.generation == generation:
            points = self._points([number]).get(number, {})
            self._told_live(now, generation, points.get((generation, now.project, now.vector_store_id), set()))
        elif now is not None and now.writing == generation:
            return "deleted; the file was written anew meanwhile: verify it once more when that is done"
        return "deleted"

    def _write_anew(self) -> None:
        lost, self._lost = self._lost, []
        by_store: dict[str, list[_Lost]] = {}
        for each in lost:
            by_store.setdefault(each.row.vector_store_id, []).append(each)
        for store, some in by_store.items():
            can = [each for each in some if self.ledger.repairing and self._has_bytes(each.row)]
            batch = self._renewed(store, [each.row.row for each in can if each.row.writing is None]) if can else None
            able = {each.row.row for each in can}
            for each in some:
                repair = _said(each.row, batch) if each.row.row in able else None
                self.ledger.found("points missing", _name(each.row), each.detail, repair)

    def _renewed(self, store: str, rows: Sequence[int]) -> str | None:
        """The id of the batch in which the rows are written anew."""
        try:
            with self.services.database.transaction() as session:
                batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=store, created_at=int(read_clock(session)))
                return batch.id if rows and requeue.renew(session, batch, rows) else None
        except Abandoned:  # the store was deleted meanwhile, and its points with it
            return None

    def _has_bytes(self, row: Expected) -> bool:
        """Whether the file can be read again; if not, what is left of its points is better than nothing."""
        with self.services.database.reading() as session:
            blob = expected_state.blob_of(session, row.file_id)
        try:
            return blob is not None and self.services.blobs.age_seconds(raw(blob)) is not None
        except FileNotFoundError:
            return False


def _said(row: Expected, batch: str | None) -> Callable[[], str]:
    if row.writing is not None:
        return lambda: "it is being written anew already"
    return lambda: f"queued again in {batch}" if batch else "nothing: it has changed meanwhile"


def _name(row: Expected) -> str:
    return f"{row.file_id} in {row.vector_store_id}"
