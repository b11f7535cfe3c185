"""The journal of a store: what was imported into it from here, and what is still to be done.

A SQLite file beside the user's other state, one for each service and store. Every change is written down before the
next step relies on it, so an import that was interrupted anywhere goes on where it was (deploy/decisions/0008).
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import Timeout

from ingest.errors import Refused
from ingest.imports.journal.entries import Entry, Import, OpenBatch, State, Todo, printable_root
from ingest.imports.journal.scans import Looked
from ingest.imports.journal.storage import Transaction
from ingest.imports.journal.transfers import Worked

__all__ = [
    "Entry",
    "Import",
    "Journal",
    "OpenBatch",
    "State",
    "Todo",
    "Transaction",
    "every",
    "folder",
    "printable_root",
]


def folder() -> Path:
    """Where journals are kept, unless somebody says otherwise."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "ingest" / "imports"


def every(where: Path) -> Iterator["Journal"]:
    """All journals of a folder, only to be read."""
    for path in sorted(where.glob("*.db")):
        yield Journal(path)


class Journal(Looked, Worked):
    """One store's journal. Used from one thread."""

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

    def about(self) -> dict[str, str]:
        """The service's `url`, the `store_id`, and the store's name as `store`."""
        return dict(self._sql.execute("SELECT name, value FROM about").fetchall())

    def begin(self, import_id: str, sources: Sequence[str]) -> Import:
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
