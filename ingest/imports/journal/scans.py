"""A scan as the journal has it: what is known of each file, and what has to be done with it."""

from collections.abc import Iterable
from typing import Any

from ingest.imports.journal.entries import Todo, address_bytes, facts
from ingest.imports.journal.summaries import Stands
from ingest.imports.source_files import Found


class Looked(Stands):
    """What was looked at."""

    def known(self, address: str) -> dict[str, Any] | None:
        """What was written down about a file."""
        found = self._sql.execute("SELECT * FROM files WHERE address = ?", (address_bytes(address),)).fetchone()
        return None if found is None else dict(found)

    def add(self, found: Found, todo: Todo, seen: int) -> None:
        """A file that was not known."""
        self._sql.execute(
            "INSERT INTO files (address, root, shown, name, size, stamp, attributes, state, todo, seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'none', ?, ?)",
            (*facts(found), todo, seen),
        )

    def see(self, number: int, found: Found, todo: Todo, seen: int, *, restyled: bool) -> None:
        """A known file was found again, and what has to be done with it. `restyled`: its attributes are new."""
        if restyled:
            sql = "UPDATE files SET state = 'uploaded' WHERE number = ? AND file_id IS NOT NULL"
            self._sql.execute(sql, (number,))
        self._sql.execute(
            "UPDATE files SET address = ?, root = ?, shown = ?, name = ?, size = ?, stamp = ?, attributes = ?,"
            " todo = ?, seen = ? WHERE number = ?",
            (*facts(found), todo, seen, number),
        )

    def pass_over(self, number: int, seen: int) -> None:
        """A known file is still there but cannot be taken as it is: what the service holds of it stays."""
        self._sql.execute("UPDATE files SET seen = ? WHERE number = ?", (-seen, number))

    def renamed(self, number: int) -> None:
        """A file has another name: it must be uploaded again, even with the same content."""
        self._sql.execute("UPDATE files SET sha256 = NULL WHERE number = ?", (number,))

    def forget(self, number: int) -> None:
        """Take a file whose removal was begun for one that the service does not hold; what is left of it goes later."""
        self._sql.execute(
            "INSERT OR IGNORE INTO replaced SELECT file_id, number FROM files WHERE number = ? AND file_id IS NOT NULL",
            (number,),
        )
        self.correct(number, "none", "upload")

    def problem(self, seen: int, shown: str, reason: str) -> None:
        """What could not be taken, and why."""
        self._sql.execute("INSERT INTO problems VALUES (?, ?, ?)", (seen, shown, reason))

    def miss(self, roots: Iterable[str], seen: int) -> int:
        """Have files removed that belong to these sources and were not found by this import; how many."""
        missed = 0
        for root in roots:
            below = root.rstrip("/") + "/"
            missed += self._sql.execute(
                "UPDATE files SET todo = 'remove' WHERE abs(seen) <> ? AND todo <> 'remove'"
                " AND (root = ? OR substr(root, 1, ?) = ?)",
                (seen, root, len(below), below),
            ).rowcount
        return missed

    def amount(self, todo: Todo, seen: int) -> tuple[int, int]:
        """Files with this to do that were found by this import, and their bytes."""
        sql = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE todo = ? AND (seen = ? OR todo <> 'upload')"
        files, size = self._sql.execute(sql, (todo, seen)).fetchone()
        return files, size
