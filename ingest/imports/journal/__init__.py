"""The journal of a store: which files were imported into it from this machine, and what is still to be done.

A journal is a SQLite file below the user's state folder, one for each service and store. Every change is written before
the next step relies on it, so an interrupted import continues where it stopped
(deploy/docs/decisions/0008-journal-of-imports.md).
Here: the tables of the journal and everything that reads or writes them. Not here: requests to the service.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import Timeout

from ingest.environment import state_folder
from ingest.errors import Refused
from ingest.imports.journal.records import Action, ImportRun, JournalEntry, OpenBatch, State, source_to_text
from ingest.imports.journal.scans import ScanJournal
from ingest.imports.journal.storage import Transaction
from ingest.imports.journal.transfers import TransferJournal

__all__ = [
    "Action",
    "ImportRun",
    "Journal",
    "JournalEntry",
    "OpenBatch",
    "State",
    "Transaction",
    "default_folder",
    "journal_path",
    "open_all",
    "source_to_text",
]


def default_folder() -> Path:
    """Return the folder of journals when no other is named."""
    return state_folder() / "ingest" / "imports"


def journal_path(folder: Path, url: str, store_id: str) -> Path:
    """Return the file of the journal of a store."""
    key = hashlib.sha256(f"{url.rstrip('/')}\n{store_id}".encode()).hexdigest()[:20]
    return folder / f"{key}.db"


def open_all(folder: Path) -> Iterator["Journal"]:
    """Open every journal of a folder for reading. The caller closes each."""
    for path in sorted(folder.glob("*.db")):
        yield Journal(path)


class Journal(ScanJournal, TransferJournal):
    """The journal of one store. Use it from one thread only."""

    @classmethod
    def open_for_store(cls, folder: Path, url: str, store_id: str, store: str) -> "Journal":
        """Open the journal of a store for writing. Raises Refused when another import has it open for writing."""
        journal = cls(journal_path(folder, url, store_id))
        try:
            journal._lock.acquire(timeout=0)
        except Timeout:
            raise Refused(f"Another import into the store {store} is running on this machine.") from None
        facts = {"url": url, "store_id": store_id, "store": store}
        journal._sql.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", facts.items())
        return journal

    def read_store(self) -> dict[str, str]:
        """Return the service's `url`, the `store_id`, and the store's name as `store`."""
        return dict(self._sql.execute("SELECT name, value FROM about").fetchall())

    def begin_import(self, import_id: str, sources: Sequence[str]) -> ImportRun:
        """Begin an import, or resume the last one when it was interrupted and had the same sources."""
        sources_json = json.dumps(sorted(sources))
        last = self._sql.execute("SELECT * FROM imports ORDER BY number DESC LIMIT 1").fetchone()
        if last is None or last["ended"] is not None or last["sources"] != sources_json:
            insert = "INSERT INTO imports (id, sources, started) VALUES (?, ?, ?)"
            number = self._sql.execute(insert, (import_id, sources_json, time.time())).lastrowid
        else:
            # A resumed import gets a new number: files of its first scan that are gone now must not count as seen.
            number = last["number"] + 1
            import_id = last["id"]
            self._sql.execute("UPDATE imports SET number = ? WHERE id = ?", (number, import_id))
            self._sql.execute("UPDATE batches SET import = ? WHERE import = ?", (number, last["number"]))
        assert number is not None
        self._sql.execute("UPDATE batches SET import = ? WHERE NOT ended", (number,))
        self._sql.execute("DELETE FROM problems")
        return ImportRun(number, import_id)

    def record_scan(self, import_number: int, *, found: int, unchanged: int, problems: int) -> None:
        """Record the counts of a finished scan."""
        self._sql.execute(
            "UPDATE imports SET found = ?, unchanged = ?, problems = ? WHERE number = ?",
            (found, unchanged, problems, import_number),
        )

    def end_import(self, import_number: int) -> None:
        """Record that an import ended. The next one gets a new id."""
        self._sql.execute("UPDATE imports SET ended = ? WHERE number = ?", (time.time(), import_number))

    def list_imports(self) -> list[dict[str, Any]]:
        """Return the rows of all imports, the newest first."""
        return [dict(row) for row in self._sql.execute("SELECT * FROM imports ORDER BY number DESC")]
