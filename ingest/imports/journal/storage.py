"""The SQLite file of a journal: its tables and its transactions."""

import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.errors import Refused

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
"""The column names are part of files on users' disks, so they do not change with the names in the code:

- `files.root` is the source key, `shown` the display path, `name` the upload name, `stamp` the fingerprint.
- `files.state` is the state of the version `file_id` that the service holds (`records.State`).
- `files.todo` is the next action (`records.Action`).
- `files.seen` is the number of the last import that scanned the file; it is negative if that import rejected the file.
- `replaced` holds earlier versions. They are deleted when the present version is completed.
- `problems` holds what the last scan could not import.
"""

CHANGES_PER_COMMIT = 1_000


class JournalFile:
    """A SQLite file that several processes may read and one writes. Use an instance from one thread only."""

    def __init__(self, path: Path) -> None:
        self.path = path
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

    def close(self) -> None:
        """Close the file and release its lock."""
        self._sql.close()
        self._lock.release()

    def is_written(self) -> bool:
        """Return whether an import of another process has the journal open for writing."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return True
        self._lock.release()
        return False

    def transaction(self, *, keep: bool = True) -> "Transaction":
        """Return a context whose changes are committed together, or rolled back if `keep` is false."""
        return Transaction(self._sql, keep)


class Transaction:
    """A context that commits its changes together, or rolls them back on an exception."""

    def __init__(self, sql: sqlite3.Connection, keep: bool) -> None:
        self._sql = sql
        self._keep = keep
        self._changes = 0

    def __enter__(self) -> "Transaction":
        self._sql.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._sql.execute("COMMIT" if self._keep and kind is None else "ROLLBACK")

    def count_change(self) -> None:
        """Count one of many independent changes, and commit every 1,000 so that the write-ahead log stays small."""
        self._changes += 1
        if self._keep and self._changes % CHANGES_PER_COMMIT == 0:
            self._sql.execute("COMMIT")
            self._sql.execute("BEGIN IMMEDIATE")
