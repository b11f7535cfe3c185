"""The work as the journal has it: what is uploaded, attached, ended and removed, step by step."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.imports.journal.entries import Entry, OpenBatch, State, Todo, batch, entry
from ingest.imports.journal.storage import JournalFile


class Worked(JournalFile):
    """What is to be done, and what was."""

    def entries(self, todo: Todo, *, after: int, limit: int, seen: int | None = None) -> list[Entry]:
        """Files with this to do, by number."""
        guard = "" if seen is None else f" AND seen = {int(seen)}"
        rows = self._sql.execute(
            f"SELECT * FROM files WHERE todo = ? AND number > ?{guard} ORDER BY number LIMIT ?", (todo, after, limit)
        )
        return [entry(row) for row in rows]

    def each(self, todo: Todo, seen: int) -> Iterator[Entry]:
        """All files with this to do, as far as this import has to do with them."""
        sql = "SELECT * FROM files WHERE todo = ? AND (seen = ? OR todo <> 'upload') ORDER BY number"
        return map(entry, self._sql.execute(sql, (todo, seen)))

    def uploaded(self, entry: Entry, file_id: str, sha256: str, stamp: str) -> None:
        """The service holds a new version; the one before goes when this one is completed."""
        with self.transaction():
            if entry.file_id is not None:
                self._sql.execute("INSERT OR IGNORE INTO replaced VALUES (?, ?)", (entry.file_id, entry.number))
            self._sql.execute(
                "UPDATE files SET file_id = ?, sha256 = ?, stamp = ?, state = 'uploaded', todo = 'attach',"
                " reason = NULL, batch = NULL WHERE number = ?",
                (file_id, sha256, stamp, entry.number),
            )

    def same(self, entry: Entry, stamp: str) -> None:
        """A file that looked changed is not; attributes may be."""
        todo = "" if entry.state in ("attached", "completed", "failed", "cancelled") else "attach"
        self._sql.execute("UPDATE files SET stamp = ?, todo = ? WHERE number = ?", (stamp, todo, entry.number))

    def not_uploaded(self, number: int, reason: str, *, for_good: bool) -> None:
        """Why there was no upload. `for_good` until the file changes; otherwise the next import tries again."""
        if for_good:
            sql = "UPDATE files SET reason = ?, todo = '', state = 'refused' WHERE number = ? AND file_id IS NULL"
            self._sql.execute(sql, (reason, number))
        self._sql.execute("UPDATE files SET reason = ? WHERE number = ?", (reason, number))

    def attached(self, batch_id: str, numbers: Sequence[int], in_import: int) -> None:
        """These files are a batch."""
        with self.transaction():
            batch = self._sql.execute(
                "INSERT INTO batches (id, import, in_progress, completed, failed, cancelled, total)"
                " VALUES (?, ?, ?, 0, 0, 0, ?)",
                (batch_id, in_import, len(numbers), len(numbers)),
            ).lastrowid
            self._sql.executemany(
                "UPDATE files SET state = 'attached', todo = '', reason = NULL, batch = ? WHERE number = ?",
                [(batch, number) for number in numbers],
            )

    def open_batches(self) -> list[OpenBatch]:
        """The batches whose end is not written down."""
        return [batch(row) for row in self._sql.execute("SELECT * FROM batches WHERE NOT ended ORDER BY number")]

    def counts(self, in_import: int) -> dict[str, int]:
        """The counts of all batches of an import, added up."""
        names = ("in_progress", "completed", "failed", "cancelled", "total")
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in names)
        found = self._sql.execute(f"SELECT {sums} FROM batches WHERE import = ?", (in_import,)).fetchone()
        return dict(zip(names, found, strict=True))

    def batches(self, in_import: int) -> list[str]:
        """The ids of an import's batches."""
        found = self._sql.execute("SELECT id FROM batches WHERE import = ? ORDER BY number", (in_import,))
        return [row["id"] for row in found]

    def path_of(self, file_id: str) -> str:
        """What a file is called in reports."""
        row = self._sql.execute("SELECT shown FROM files WHERE file_id = ?", (file_id,)).fetchone()
        return file_id if row is None else str(row["shown"])

    def polled(self, batch: OpenBatch) -> None:
        """New counts of a batch."""
        self._sql.execute(
            "UPDATE batches SET in_progress = ?, completed = ?, failed = ?, cancelled = ?, total = ? WHERE number = ?",
            (batch.in_progress, batch.completed, batch.failed, batch.cancelled, batch.total, batch.number),
        )

    def ended(self, batch: OpenBatch, not_completed: Iterable[tuple[str, State, str]]) -> None:
        """A batch is over: these files (id, how, why) did not complete, all others did."""
        with self.transaction():
            self.polled(batch)
            self._sql.executemany(
                "UPDATE files SET state = ?, reason = ? WHERE file_id = ? AND batch = ?",
                [(state, reason, file_id, batch.number) for file_id, state, reason in not_completed],
            )
            self._sql.execute(
                "UPDATE files SET state = 'completed', reason = NULL WHERE batch = ? AND state = 'attached'",
                (batch.number,),
            )
            self._sql.execute("UPDATE batches SET ended = 1 WHERE number = ?", (batch.number,))

    def lost(self, batch: OpenBatch) -> None:
        """The service does not know a batch: its files have to be attached again."""
        with self.transaction():
            self._sql.execute(
                "UPDATE files SET state = 'uploaded', todo = 'attach' WHERE batch = ? AND state = 'attached'",
                (batch.number,),
            )
            self._sql.execute("UPDATE batches SET ended = 1 WHERE number = ?", (batch.number,))

    def superseded(self, limit: int) -> list[str]:
        """Ids of earlier versions whose file is completed in its present one, or is to be removed or unknown."""
        found = self._sql.execute(
            "SELECT replaced.file_id FROM replaced LEFT JOIN files ON files.number = replaced.file"
            " WHERE files.number IS NULL OR (files.state = 'completed' AND files.todo = '') LIMIT ?",
            (limit,),
        )
        return [row["file_id"] for row in found]

    def dropped(self, file_id: str) -> None:
        """An earlier version is gone."""
        self._sql.execute("DELETE FROM replaced WHERE file_id = ?", (file_id,))

    def removed(self, number: int) -> None:
        """A file is gone from the store; its earlier versions are due."""
        self._sql.execute("DELETE FROM files WHERE number = ?", (number,))
