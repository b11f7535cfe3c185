"""How imports stand, and how the store does when the service is asked."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.imports.journal.entries import Entry, State, Todo, entry
from ingest.imports.journal.storage import JournalFile


class Stands(JournalFile):
    """How files stand here, against how they stand there."""

    def holding(self) -> int:
        """Files that should be in the store, earlier versions included."""
        sql = "SELECT count(*) FROM files WHERE file_id IS NOT NULL AND state NOT IN ('none', 'uploaded')"
        return int(self._sql.execute(sql).fetchone()[0])

    def note_there(self, file_ids: Iterable[str]) -> None:
        """Remember, until the next call, what the store was found to hold; on disk, as it may be a million files."""
        self._sql.execute("CREATE TEMP TABLE IF NOT EXISTS there (file_id TEXT PRIMARY KEY) WITHOUT ROWID")
        self._sql.execute("DELETE FROM there")
        with self.transaction():
            self._sql.executemany("INSERT OR IGNORE INTO there VALUES (?)", ((each,) for each in file_ids))

    def is_there(self, file_id: str) -> bool:
        """Whether a file was among them."""
        return self._sql.execute("SELECT 1 FROM there WHERE file_id = ?", (file_id,)).fetchone() is not None

    def held(self, states: Sequence[State], *, after: int, limit: int) -> list[Entry]:
        """Files whose present version is in one of these states, by number."""
        marks = ", ".join("?" for _ in states)
        sql = f"SELECT * FROM files WHERE state IN ({marks}) AND number > ? ORDER BY number LIMIT ?"
        return [entry(row) for row in self._sql.execute(sql, (*states, after, limit))]

    def correct(self, number: int, state: State, todo: Todo, reason: str | None = None) -> None:
        """What the service says of a file is not what was written down."""
        lost = ", file_id = NULL, sha256 = NULL" if state == "none" else ""
        self._sql.execute(
            f"UPDATE files SET state = ?, todo = ?, reason = ?{lost} WHERE number = ?", (state, todo, reason, number)
        )

    def again(self, seen: int) -> int:
        """Have files attached again that failed or were cancelled, and uploaded again that were refused; how many."""
        return (
            self._sql.execute(
                "UPDATE files SET todo = 'attach' WHERE seen = ? AND todo = '' AND state IN ('failed', 'cancelled')",
                (seen,),
            ).rowcount
            + self._sql.execute(
                "UPDATE files SET todo = 'upload' WHERE seen = ? AND todo = '' AND state = 'refused'", (seen,)
            ).rowcount
        )

    def outcome(self, seen: int) -> dict[str, int]:
        """The files found by an import, by how they stand."""
        sql = (
            "SELECT CASE WHEN todo = 'upload' OR state IN ('none', 'refused') THEN 'not uploaded' ELSE state END AS how,"
            " count(*) AS files FROM files WHERE seen = ? GROUP BY how"
        )
        return {row["how"]: row["files"] for row in self._sql.execute(sql, (seen,))}

    def troubles(self, seen: int) -> Iterator[tuple[str, str, str | None, str]]:
        """(path, how, file id, reason) of the files found by an import that are not completed."""
        for row in self._sql.execute(
            "SELECT * FROM files WHERE seen = ? AND (state <> 'completed' OR todo = 'upload') ORDER BY shown", (seen,)
        ):
            how = "not uploaded" if row["todo"] == "upload" or row["state"] in ("none", "refused") else row["state"]
            yield row["shown"], how, row["file_id"], row["reason"] or f"It is {how}"
        for row in self._sql.execute("SELECT * FROM problems WHERE seen = ? ORDER BY shown", (seen,)):
            yield row["shown"], "not uploaded", None, row["reason"]
