"""The journal of a store: what was imported into it from here, and what is still to be done.

A SQLite file beside the user's other state, one for each service and store. Every change is written down before the
next step relies on it, so an import that was interrupted anywhere goes on where it was (deploy/decisions/0008).
"""

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from ingest.cli.importing.attributes import Attributes
from ingest.cli.importing.found import Found
from ingest.errors import Refused

Todo = Literal["", "upload", "attach", "remove"]
State = Literal["none", "refused", "uploaded", "attached", "completed", "failed", "cancelled"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS imports (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, sources TEXT, started REAL, ended REAL,
    found INTEGER DEFAULT 0, unchanged INTEGER DEFAULT 0, problems INTEGER DEFAULT 0
);
CREATE TABLE IF NOT EXISTS batches (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE, import INTEGER, ended INTEGER DEFAULT 0,
    in_progress INTEGER, completed INTEGER, failed INTEGER, cancelled INTEGER, total INTEGER
);
CREATE INDEX IF NOT EXISTS batches_open ON batches(number) WHERE NOT ended;
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY, address BLOB UNIQUE, root TEXT, shown TEXT, name TEXT, size INTEGER, stamp TEXT,
    attributes TEXT, sha256 TEXT, file_id TEXT, state TEXT, reason TEXT, batch INTEGER, todo TEXT, seen INTEGER
);
CREATE INDEX IF NOT EXISTS files_todo ON files(todo, number) WHERE todo <> '';
CREATE INDEX IF NOT EXISTS files_batch ON files(batch) WHERE state = 'attached';
CREATE INDEX IF NOT EXISTS files_id ON files(file_id) WHERE file_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS replaced (file_id TEXT PRIMARY KEY, file INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS problems (seen INTEGER, shown TEXT, reason TEXT);
"""
"""`files.state` is that of `file_id`, which is what the service holds; `todo` is what has to be done next with it.
`replaced` are earlier versions that go when their file's present version is completed; `seen` is the last import that
found the file; `problems` is what the last one could not take."""

CHANGES_A_COMMIT = 1_000


@dataclass(frozen=True)
class Entry:
    """A file of the journal, as far as it is needed to upload and attach it."""

    number: int
    address: str
    shown: str
    name: str
    size: int | None
    stamp: str
    attributes: Attributes
    sha256: str | None
    file_id: str | None
    state: State


@dataclass(frozen=True)
class OpenBatch:
    """A batch that is followed: its row, its id, and the counts of the last answer."""

    number: int
    id: str
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


def folder() -> Path:
    """Where journals are kept, unless somebody says otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "ingest" / "imports"


def every(where: Path) -> Iterator["Journal"]:
    """All journals of a folder, only to be read."""
    for path in sorted(where.glob("*.db")):
        yield Journal(path)


class Journal:
    """One store's journal. Used from one thread."""

    def __init__(self, path: Path) -> None:
        self._lock = FileLock(f"{path}.lock")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sql = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=NORMAL")
            self._sql.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as exc:
            raise Refused(f"The journal {path} cannot be used: {exc}. Choose another folder with --journal.") from exc
        self._sql.row_factory = sqlite3.Row

    @classmethod
    def of(cls, where: Path, url: str, store_id: str, store: str) -> "Journal":
        """The journal for imports into a store, to be written. Raises Refused when another import is writing it."""
        key = hashlib.sha256(f"{url.rstrip('/')}\n{store_id}".encode()).hexdigest()[:20]
        journal = cls(where / f"{key}.db")
        try:
            journal._lock.acquire(timeout=0)
        except Timeout:
            raise Refused(f"Another import into the store {store} is running on this machine.") from None
        facts = {"url": url, "store_id": store_id, "store": store}
        journal._sql.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", facts.items())
        return journal

    def close(self) -> None:
        self._sql.close()
        self._lock.release()

    def about(self) -> dict[str, str]:
        """The service's `url`, the `store_id`, and the store's name as `store`."""
        return dict(self._sql.execute("SELECT name, value FROM about").fetchall())

    def transaction(self, *, keep: bool = True) -> "Transaction":
        """What is changed within is kept as a whole, or not at all."""
        return Transaction(self._sql, keep)

    # --- imports ---

    def begin(self, import_id: str, sources: Sequence[str]) -> "Import":
        """This import: a new one, or the last one when that was interrupted and took the same sources."""
        packed = json.dumps(sorted(sources))
        last = self._sql.execute("SELECT * FROM imports ORDER BY number DESC LIMIT 1").fetchone()
        if last is None or last["ended"] is not None or last["sources"] != packed:
            insert = "INSERT INTO imports (id, sources, started) VALUES (?, ?, ?)"
            number = self._sql.execute(insert, (import_id, packed, time.time())).lastrowid
        else:
            # A number of its own, so that what was found then and is gone now is not taken for found.
            number = last["number"] + 1
            import_id = last["id"]
            self._sql.execute("UPDATE imports SET number = ? WHERE id = ?", (number, import_id))
            self._sql.execute("UPDATE batches SET import = ? WHERE import = ?", (number, last["number"]))
        assert number is not None
        self._sql.execute("UPDATE batches SET import = ? WHERE NOT ended", (number,))
        self._sql.execute("DELETE FROM problems")
        return Import(number, import_id)

    def scanned(self, number: int, *, found: int, unchanged: int, problems: int) -> None:
        """Write down what the sources hold."""
        self._sql.execute(
            "UPDATE imports SET found = ?, unchanged = ?, problems = ? WHERE number = ?",
            (found, unchanged, problems, number),
        )

    def end(self, number: int) -> None:
        """The import is over: the next one gets an id of its own."""
        self._sql.execute("UPDATE imports SET ended = ? WHERE number = ?", (time.time(), number))

    def imports(self) -> list[dict[str, Any]]:
        """Every import, the newest first."""
        return [dict(row) for row in self._sql.execute("SELECT * FROM imports ORDER BY number DESC")]

    # --- the scan ---

    def known(self, address: str) -> dict[str, Any] | None:
        """What was written down about a file."""
        found = self._sql.execute("SELECT * FROM files WHERE address = ?", (_bytes(address),)).fetchone()
        return None if found is None else dict(found)

    def add(self, found: Found, todo: Todo, seen: int) -> None:
        """A file that was not known."""
        self._sql.execute(
            "INSERT INTO files (address, root, shown, name, size, stamp, attributes, state, todo, seen)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 'none', ?, ?)",
            (*_facts(found), todo, seen),
        )

    def see(self, number: int, found: Found, todo: Todo, seen: int, *, restyled: bool) -> None:
        """A known file was found again, and what has to be done with it. `restyled`: its attributes are new."""
        if restyled:
            sql = "UPDATE files SET state = 'uploaded' WHERE number = ? AND file_id IS NOT NULL"
            self._sql.execute(sql, (number,))
        self._sql.execute(
            "UPDATE files SET address = ?, root = ?, shown = ?, name = ?, size = ?, stamp = ?, attributes = ?,"
            " todo = ?, seen = ? WHERE number = ?",
            (*_facts(found), todo, seen, number),
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

    # --- the work ---

    def entries(self, todo: Todo, *, after: int, limit: int, seen: int | None = None) -> list[Entry]:
        """Files with this to do, by number."""
        guard = "" if seen is None else f" AND seen = {int(seen)}"
        rows = self._sql.execute(
            f"SELECT * FROM files WHERE todo = ? AND number > ?{guard} ORDER BY number LIMIT ?", (todo, after, limit)
        )
        return [_entry(row) for row in rows]

    def each(self, todo: Todo, seen: int) -> Iterator[Entry]:
        """All files with this to do, as far as this import has to do with them."""
        sql = "SELECT * FROM files WHERE todo = ? AND (seen = ? OR todo <> 'upload') ORDER BY number"
        return map(_entry, self._sql.execute(sql, (todo, seen)))

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
        return [_batch(row) for row in self._sql.execute("SELECT * FROM batches WHERE NOT ended ORDER BY number")]

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

    # --- what has to go ---

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

    # --- how it stands ---

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
        return [_entry(row) for row in self._sql.execute(sql, (*states, after, limit))]

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


@dataclass(frozen=True)
class Import:
    """One import: its number in the journal, and its id for people."""

    number: int
    id: str


class Transaction:
    """Several changes as one; a context."""

    def __init__(self, sql: sqlite3.Connection, keep: bool) -> None:
        self._sql = sql
        self._keep = keep
        self._changes = 0

    def __enter__(self) -> "Transaction":
        self._sql.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._sql.execute("COMMIT" if self._keep and kind is None else "ROLLBACK")

    def step(self) -> None:
        """One change of many: now and then they are kept, so that none of their number makes the file's log grow."""
        self._changes += 1
        if self._keep and self._changes % CHANGES_A_COMMIT == 0:
            self._sql.execute("COMMIT")
            self._sql.execute("BEGIN IMMEDIATE")


def _facts(found: Found) -> tuple[Any, ...]:
    attributes = json.dumps(dict(found.attributes), sort_keys=True)
    return (
        _bytes(found.address),
        printable_root(found.root),
        found.shown,
        found.name,
        found.size,
        found.stamp,
        attributes,
    )


def printable_root(root: str) -> str:
    """A source as text: SQLite takes no bytes that are none."""
    return os.fsencode(root).decode(errors="backslashreplace")


def _bytes(address: str) -> bytes:
    return os.fsencode(address)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        number=row["number"], address=os.fsdecode(row["address"]), shown=row["shown"], name=row["name"],
        size=row["size"], stamp=row["stamp"], attributes=json.loads(row["attributes"]), sha256=row["sha256"],
        file_id=row["file_id"], state=row["state"],
    )  # fmt: skip


def _batch(row: sqlite3.Row) -> OpenBatch:
    names = ("number", "id", "in_progress", "completed", "failed", "cancelled", "total")
    return OpenBatch(**{name: row[name] for name in names})
