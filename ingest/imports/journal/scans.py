"""The scan in the journal: what is recorded of each file, and which action it needs."""

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.imports.journal.records import Action, encode_address, source_columns
from ingest.imports.journal.states import StateJournal
from ingest.imports.source_files import SourceFile


class ScanJournal(StateJournal):
    """Records what a scan finds."""

    def find_row(self, address: str) -> dict[str, Any] | None:
        """Return the row of a file, or None."""
        row = self._sql.execute("SELECT * FROM files WHERE address = ?", (encode_address(address),)).fetchone()
        return None if row is None else dict(row)

    def add_file(self, file: SourceFile, action: Action, import_number: int) -> None:
        """Add a file that the journal does not have."""
        self._sql.execute(
            "INSERT INTO files (address, root, shown, name, size, stamp, attributes, state, todo, seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'none', ?, ?)",
            (*source_columns(file), action, import_number),
        )

    def update_file(
        self, number: int, file: SourceFile, action: Action, import_number: int, *, has_new_attributes: bool
    ) -> None:
        """Record a file that was scanned again, and its next action."""
        if has_new_attributes:
            sql = "UPDATE files SET state = 'uploaded' WHERE number = ? AND file_id IS NOT NULL"
            self._sql.execute(sql, (number,))
        self._sql.execute(
            "UPDATE files SET address = ?, root = ?, shown = ?, name = ?, size = ?, stamp = ?, attributes = ?,"
            " todo = ?, seen = ? WHERE number = ?",
            (*source_columns(file), action, import_number, number),
        )

    def mark_rejected(self, number: int, import_number: int) -> None:
        """Record that a file exists but cannot be imported as it is. The version that the service holds stays."""
        self._sql.execute("UPDATE files SET seen = ? WHERE number = ?", (-import_number, number))

    def clear_hash(self, number: int) -> None:
        """Forget the hash of a file, so that it is uploaded again with the same content (under another name)."""
        self._sql.execute("UPDATE files SET sha256 = NULL WHERE number = ?", (number,))

    def cancel_removal(self, number: int) -> None:
        """Treat a file whose removal began as new. Its version on the service becomes an earlier version."""
        self._sql.execute(
            "INSERT OR IGNORE INTO replaced SELECT file_id, number FROM files WHERE number = ? AND file_id IS NOT NULL",
            (number,),
        )
        self.set_state(number, "none", "upload")

    def add_problem(self, import_number: int, display_path: str, reason: str) -> None:
        """Record something that could not be imported."""
        self._sql.execute("INSERT INTO problems VALUES (?, ?, ?)", (import_number, display_path, reason))

    def mark_missing(self, sources: Iterable[str], import_number: int) -> int:
        """Mark the files of these sources that the import did not scan for removal; return how many."""
        marked = 0
        for source in sources:
            below = source.rstrip("/") + "/"
            marked += self._sql.execute(
                "UPDATE files SET todo = 'remove' WHERE abs(seen) <> ? AND todo <> 'remove'"
                " AND (root = ? OR substr(root, 1, ?) = ?)",
                (import_number, source, len(below), below),
            ).rowcount
        return marked

    def count_missing(self, sources: Sequence[str], import_number: int) -> tuple[int, int]:
        """Return how many files of these sources the import did not scan, and how many the journal has of them.

        Files that an interrupted import has already marked for removal count, too.
        """
        below = [source.rstrip("/") + "/" for source in sources]
        conditions = " OR ".join("root = ? OR substr(root, 1, ?) = ?" for _ in sources)
        values = [value for source, start in zip(sources, below, strict=True) for value in (source, len(start), start)]
        sql = f"SELECT coalesce(sum(abs(seen) <> ?), 0), count(*) FROM files WHERE {conditions}"
        missing, known = self._sql.execute(sql, (import_number, *values)).fetchone()
        return missing, known

    def count_pending(self, action: Action, import_number: int) -> tuple[int, int]:
        """Return the number of files with this next action, and their bytes. Uploads count only if scanned."""
        sql = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE todo = ? AND (seen = ? OR todo <> 'upload')"
        files, size = self._sql.execute(sql, (action, import_number)).fetchone()
        return files, size
