"""States of files in the journal, compared with the service and summed up at the end of an import."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.imports.journal.records import Action, JournalEntry, State, to_entry
from ingest.imports.journal.storage import JournalFile

OUTCOME_SQL = "CASE WHEN todo = 'upload' OR state IN ('none', 'refused') THEN 'not_uploaded' ELSE state END"
"""A file's outcome: its state, or `not_uploaded` when the service does not hold its present version."""


class StateJournal(JournalFile):
    """Reads and corrects the states of files."""

    def count_in_store(self) -> int:
        """Return how many files should be in the store, earlier versions included."""
        sql = "SELECT count(*) FROM files WHERE file_id IS NOT NULL AND state NOT IN ('none', 'uploaded')"
        return int(self._sql.execute(sql).fetchone()[0])

    def save_listing(self, file_ids: Iterable[str]) -> None:
        """Save a listing of the store until the next call; on disk, because it may have a million ids."""
        self._sql.execute("CREATE TEMP TABLE IF NOT EXISTS there (file_id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._sql.execute("DELETE FROM there")
        with self.transaction():
            self._sql.executemany("INSERT OR IGNORE INTO there VALUES (?)", ((file_id,) for file_id in file_ids))

    def is_listed(self, file_id: str) -> bool:
        """Return whether the saved listing has a file."""
        return self._sql.execute("SELECT 1 FROM there WHERE file_id = ?", (file_id,)).fetchone() is not None

    def list_in_states(self, states: Sequence[State], *, after: int, limit: int) -> list[JournalEntry]:
        """Return files whose present version is in one of these states, ordered by number."""
        marks = ", ".join("?" for _ in states)
        sql = f"SELECT * FROM files WHERE state IN ({marks}) AND number > ? ORDER BY number LIMIT ?"
        return [to_entry(row) for row in self._sql.execute(sql, (*states, after, limit))]

    def set_state(self, number: int, state: State, action: Action, reason: str | None = None) -> None:
        """Replace a file's state and next action, because the service reports another state than the journal."""
        clear_version = ", file_id = NULL, sha256 = NULL" if state == "none" else ""
        self._sql.execute(
            f"UPDATE files SET state = ?, todo = ?, reason = ?{clear_version} WHERE number = ?",
            (state, action, reason, number),
        )

    def requeue_failed(self, import_number: int) -> int:
        """Attach failed and cancelled files of an import again, upload refused ones again; return how many."""
        return (
            self._sql.execute(
                "UPDATE files SET todo = 'attach' WHERE seen = ? AND todo = '' AND state IN ('failed', 'cancelled')",
                (import_number,),
            ).rowcount
            + self._sql.execute(
                "UPDATE files SET todo = 'upload' WHERE seen = ? AND todo = '' AND state = 'refused'", (import_number,)
            ).rowcount
        )

    def count_outcomes(self, import_number: int) -> dict[str, int]:
        """Return the files that an import scanned, counted by outcome."""
        sql = f"SELECT {OUTCOME_SQL} AS outcome, count(*) AS files FROM files WHERE seen = ? GROUP BY outcome"
        return {row["outcome"]: row["files"] for row in self._sql.execute(sql, (import_number,))}

    def list_warnings(self, import_number: int) -> Iterator[tuple[str, str, str | None, str]]:
        """Yield (path, "completed_with_warnings", file id, warning) of the files that an import completed with warnings.

        Not of unchanged files: they may have been re-indexed since.
        """
        sql = (
            "SELECT files.* FROM files JOIN batches ON batches.number = files.batch WHERE batches.import = ?"
            " AND files.state = 'completed' AND files.todo = '' AND files.reason IS NOT NULL ORDER BY files.shown"
        )
        for row in self._sql.execute(sql, (import_number,)):
            yield row["shown"], "completed_with_warnings", row["file_id"], row["reason"]

    def list_failures(self, import_number: int) -> Iterator[tuple[str, str, str | None, str]]:
        """Yield (path, outcome, file id, reason) of every file of an import that is not completed, then of problems."""
        sql = (
            f"SELECT *, {OUTCOME_SQL} AS outcome FROM files"
            " WHERE seen = ? AND (state <> 'completed' OR todo = 'upload') ORDER BY shown"
        )
        for row in self._sql.execute(sql, (import_number,)):
            outcome = row["outcome"]
            reason = row["reason"] or f"The file is {outcome.replace('_', ' ')}"
            yield row["shown"], outcome, row["file_id"], reason
        for row in self._sql.execute("SELECT * FROM problems WHERE seen = ? ORDER BY shown", (import_number,)):
            yield row["shown"], "not_uploaded", None, row["reason"]
