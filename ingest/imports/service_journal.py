"""The journal of a scheduled import: made anew for each run of what the service itself knows.

So there is no file to lose: the run may go on in another process, on another machine.
"""

import base64
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.caller import Importing
from ingest.db.content import imported_files
from ingest.db.content.imported_files import Version
from ingest.db.session import Database
from ingest.imports.journal import Entry, Journal, State, Todo

ADDRESS, NAME, STAMP = "x-import-address", "x-import-name", "x-import-stamp"
"""Headers of an upload, in base64: by these the service writes down, with the file, what it was made of."""

PAGE = 1_000


class Kept(Journal):
    """What a schedule has imported, in a file that lives as long as the run."""

    def __init__(self, path: Path, database: Database, schedule: int, fence: int) -> None:
        super().__init__(path)
        self._database = database
        self._schedule = schedule
        self._fence = fence

    def fill(self) -> None:
        """Write down what the service knows."""
        with self.transaction():
            for version in imported_files.versions(self._database, self._schedule):
                self._add(version)

    def same(self, entry: Entry, stamp: str) -> None:
        super().same(entry, stamp)
        if entry.file_id is not None:
            with self._database.transaction() as session:
                imported_files.touched(session, entry.file_id, stamp)

    def miss(self, roots: Iterable[str], seen: int) -> int:
        """Have everything removed that this run did not find, whichever source it came from; how many files.

        They are counted before they go, each once, however often the run is interrupted.
        """
        missed = self._sql.execute("UPDATE files SET todo = 'remove' WHERE abs(seen) <> ?", (seen,)).rowcount
        last = 0
        while some := self.entries("remove", after=last, limit=PAGE):
            with self._database.transaction() as session:
                held = [entry.file_id for entry in some if entry.file_id is not None]
                imported_files.go(session, self._schedule, self._fence, held)
            last = some[-1].number
        return missed

    def _add(self, version: Version) -> None:
        replace = "INSERT OR IGNORE INTO replaced VALUES (?, ?)"
        if version.going:
            self._sql.execute(replace, (version.file_id, None))
            return
        known = self._sql.execute("SELECT number, file_id FROM files WHERE address = ?", (version.address,)).fetchone()
        if known is not None:
            self._sql.execute(replace, (known["file_id"], known["number"]))
            self._sql.execute("DELETE FROM files WHERE number = ?", (known["number"],))
        state, todo = _standing(version)
        self._sql.execute(
            "INSERT INTO files (number, address, root, shown, name, size, stamp, attributes, sha256, file_id, state,"
            " reason, todo, seen) VALUES (?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                None if known is None else known["number"], version.address,
                version.name, version.name, version.size, version.stamp,
                json.dumps(dict(version.attributes or {}), sort_keys=True), version.sha256, version.file_id, state,
                version.reason, todo,
            ),
        )  # fmt: skip


def headers(entry: Entry, stamp: str) -> Mapping[str, str]:
    """What an upload says of where it comes from."""
    said = {ADDRESS: os.fsencode(entry.address), NAME: entry.name.encode(), STAMP: stamp.encode()}
    return {name: base64.b64encode(value).decode() for name, value in said.items()}


def importing(said: Mapping[str, str], schedule: int, fence: int) -> Importing | None:
    """What the headers of a request say; None when it uploads nothing."""
    if ADDRESS not in said:
        return None
    address, name, stamp = (base64.b64decode(said[each]) for each in (ADDRESS, NAME, STAMP))
    return Importing(schedule, fence, address, name.decode(), stamp.decode())


def _standing(version: Version) -> tuple[State, Todo]:
    """What is in progress is attached once more, which changes nothing but lets this run wait for it."""
    match version.status:
        case "completed" | "failed" | "cancelled":
            return version.status, ""
        case _:
            return "uploaded", "attach"
