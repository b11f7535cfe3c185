"""The transfer in the journal: uploads, batches and removals, step by step."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.imports.journal.records import (
    Action,
    JournalEntry,
    OpenBatch,
    State,
    attributes_to_text,
    to_entry,
    to_open_batch,
)
from ingest.imports.journal.storage import JournalFile


class TransferJournal(JournalFile):
    """Lists what has to be transferred, and records what was."""

    def list_pending(
        self, action: Action, *, after: int, limit: int, import_number: int | None = None
    ) -> list[JournalEntry]:
        """Return files with this next action, ordered by number; with `import_number` only those it scanned."""
        scanned = "" if import_number is None else f" AND seen = {int(import_number)}"
        rows = self._sql.execute(
            f"SELECT * FROM files WHERE todo = ? AND number > ?{scanned} ORDER BY number LIMIT ?",
            (action, after, limit),
        )
        return [to_entry(row) for row in rows]

    def iterate_pending(self, action: Action, import_number: int) -> Iterator[JournalEntry]:
        """Yield all files with this next action. Uploads are limited to files that the import scanned."""
        sql = "SELECT * FROM files WHERE todo = ? AND (seen = ? OR todo <> 'upload') ORDER BY number"
        return map(to_entry, self._sql.execute(sql, (action, import_number)))

    def record_upload(self, entry: JournalEntry, file_id: str, sha256: str, fingerprint: str) -> None:
        """Record a new version. The earlier one is deleted when the new one is completed."""
        with self.transaction():
            if entry.file_id is not None:
                self._sql.execute("INSERT OR IGNORE INTO replaced VALUES (?, ?)", (entry.file_id, entry.number))
            self._sql.execute(
                "UPDATE files SET file_id = ?, sha256 = ?, stamp = ?, attributes = ?, state = 'uploaded', todo = 'attach',"
                " reason = NULL, batch = NULL WHERE number = ?",
                (file_id, sha256, fingerprint, attributes_to_text(entry.attributes), entry.number),
            )

    def record_unchanged(self, entry: JournalEntry, fingerprint: str) -> None:
        """Record that a file with a new fingerprint has its old content. New attributes are still attached."""
        action = "" if entry.state in ("attached", "completed", "failed", "cancelled") else "attach"
        self._sql.execute("UPDATE files SET stamp = ?, todo = ? WHERE number = ?", (fingerprint, action, entry.number))

    def record_upload_failure(self, number: int, reason: str, *, is_permanent: bool) -> None:
        """Record why an upload failed. After a permanent failure only a changed file is uploaded again."""
        if is_permanent:
            sql = "UPDATE files SET reason = ?, todo = '', state = 'refused' WHERE number = ? AND file_id IS NULL"
            self._sql.execute(sql, (reason, number))
        self._sql.execute("UPDATE files SET reason = ? WHERE number = ?", (reason, number))

    def record_batch(self, batch_id: str, numbers: Sequence[int], import_number: int) -> None:
        """Record a new batch of these files."""
        with self.transaction():
            batch = self._sql.execute(
                "INSERT INTO batches (id, import, in_progress, completed, failed, cancelled, total)"
                " VALUES (?, ?, ?, 0, 0, 0, ?)",
                (batch_id, import_number, len(numbers), len(numbers)),
            ).lastrowid
            self._sql.executemany(
                "UPDATE files SET state = 'attached', todo = '', reason = NULL, batch = ? WHERE number = ?",
                [(batch, number) for number in numbers],
            )

    def list_open_batches(self) -> list[OpenBatch]:
        """Return the batches whose end is not recorded."""
        rows = self._sql.execute("SELECT * FROM batches WHERE NOT ended ORDER BY number")
        return [to_open_batch(row) for row in rows]

    def sum_batch_counts(self, import_number: int) -> dict[str, int]:
        """Return the counts of all batches of an import, added up."""
        names = ("in_progress", "completed", "failed", "cancelled", "total")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
        row = self._sql.execute(f"SELECT {sums} FROM batches WHERE import = ?", (import_number,)).fetchone()
        return dict(zip(names, row, strict=True))

    def list_batch_ids(self, import_number: int) -> list[str]:
        """Return the ids of an import's batches."""
        rows = self._sql.execute("SELECT id FROM batches WHERE import = ? ORDER BY number", (import_number,))
        return [row["id"] for row in rows]

    def find_display_path(self, file_id: str) -> str:
        """Return the path that reports show for a file; its id when the journal does not have it."""
        row = self._sql.execute("SELECT shown FROM files WHERE file_id = ?", (file_id,)).fetchone()
        return file_id if row is None else str(row["shown"])

    def update_batch(self, batch: OpenBatch) -> None:
        """Record new counts of a batch."""
        self._sql.execute(
            "UPDATE batches SET in_progress = ?, completed = ?, failed = ?, cancelled = ?, total = ? WHERE number = ?",
            (batch.in_progress, batch.completed, batch.failed, batch.cancelled, batch.total, batch.number),
        )

    def close_batch(
        self,
        batch: OpenBatch,
        not_completed: Iterable[tuple[str, State, str]],
        with_warnings: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Record the end of a batch: these files (id, state, reason) did not complete, all others did.

        `with_warnings` are (id, warning) of completed files. The reason of a completed file is its warning.
        """
        with self.transaction():
            self.update_batch(batch)
            self._sql.executemany(
                "UPDATE files SET state = ?, reason = ? WHERE file_id = ? AND batch = ?",
                [(state, reason, file_id, batch.number) for file_id, state, reason in not_completed],
            )
            self._sql.execute(
                "UPDATE files SET state = 'completed', reason = NULL WHERE batch = ? AND state = 'attached'",
                (batch.number,),
            )
            self._sql.executemany(
                "UPDATE files SET reason = ? WHERE file_id = ? AND batch = ? AND state = 'completed'",
                [(warning, file_id, batch.number) for file_id, warning in with_warnings],
            )
            self._sql.execute("UPDATE batches SET ended = 1 WHERE number = ?", (batch.number,))

    def requeue_lost_batch(self, batch: OpenBatch) -> None:
        """Attach the files of a batch again, because the service does not have the batch any more."""
        with self.transaction():
            self._sql.execute(
                "UPDATE files SET state = 'uploaded', todo = 'attach' WHERE batch = ? AND state = 'attached'",
                (batch.number,),
            )
            self._sql.execute("UPDATE batches SET ended = 1 WHERE number = ?", (batch.number,))

    def list_superseded(self, limit: int) -> list[str]:
        """Return ids of earlier versions that can be deleted: the present version is completed, or the file is gone."""
        rows = self._sql.execute(
            "SELECT replaced.file_id FROM replaced LEFT JOIN files ON files.number = replaced.file"
            " WHERE files.number IS NULL OR (files.state = 'completed' AND files.todo = '') LIMIT ?",
            (limit,),
        )
        return [row["file_id"] for row in rows]

    def record_superseded_deleted(self, file_id: str) -> None:
        """Record that an earlier version was deleted from the service."""
        self._sql.execute("DELETE FROM replaced WHERE file_id = ?", (file_id,))

    def record_removed(self, number: int) -> None:
        """Record that a file was removed from the store. Its earlier versions can be deleted now."""
        self._sql.execute("DELETE FROM files WHERE number = ?", (number,))
