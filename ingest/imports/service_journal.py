"""The journal of a scheduled import, rebuilt for each run from the rows of the service.

Another process on another machine can therefore continue a run: there is no journal file to lose
(deploy/docs/decisions/0012-scheduled-imports.md).
"""

import base64
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ingest.caller import ImportOrigin
from ingest.db.content import imported_files
from ingest.db.content.imported_files import ImportedVersion
from ingest.db.session import Database
from ingest.imports.journal import Action, Journal, JournalEntry, State

ADDRESS_HEADER, NAME_HEADER, FINGERPRINT_HEADER = "x-import-address", "x-import-name", "x-import-stamp"
"""Headers of an upload, in base64. The service records them with the file."""

PAGE_SIZE = 1_000


class ServiceJournal(Journal):
    """The files that a schedule has imported, in a file that lives as long as the run."""

    def __init__(self, path: Path, database: Database, schedule: int, fence: int) -> None:
        super().__init__(path)
        self._database = database
        self._schedule = schedule
        self._fence = fence

    def load(self) -> None:
        """Copy the versions that the service recorded into the journal."""
        with self.transaction():
            for version in imported_files.iterate_versions(self._database, self._schedule):
                self._add_version(version)

    def record_unchanged(self, entry: JournalEntry, fingerprint: str) -> None:
        super().record_unchanged(entry, fingerprint)
        if entry.file_id is not None:
            with self._database.transaction() as session:
                imported_files.set_fingerprint(session, entry.file_id, fingerprint)

    def mark_missing(self, sources: Iterable[str], import_number: int) -> int:
        """Mark every file that this run did not scan for removal, whatever its source; return how many.

        The service counts a file as removed when it is marked, so an interrupted run does not count it twice.
        """
        marked = self._sql.execute("UPDATE files SET todo = 'remove' WHERE abs(seen) <> ?", (import_number,)).rowcount
        last = 0
        while entries := self.list_pending("remove", after=last, limit=PAGE_SIZE):
            with self._database.transaction() as session:
                file_ids = [entry.file_id for entry in entries if entry.file_id is not None]
                imported_files.mark_removed(session, self._schedule, self._fence, file_ids)
            last = entries[-1].number
        return marked

    def _add_version(self, version: ImportedVersion) -> None:
        insert_superseded = "INSERT OR IGNORE INTO replaced VALUES (?, ?)"
        if version.is_removed:
            self._sql.execute(insert_superseded, (version.file_id, None))
            return
        select = "SELECT number, file_id FROM files WHERE address = ?"
        earlier = self._sql.execute(select, (version.source,)).fetchone()
        if earlier is not None:
            self._sql.execute(insert_superseded, (earlier["file_id"], earlier["number"]))
            self._sql.execute("DELETE FROM files WHERE number = ?", (earlier["number"],))
        state, action = _state_and_action(version)
        self._sql.execute(
            "INSERT INTO files (number, address, root, shown, name, size, stamp, attributes, sha256, file_id, state,"
            " reason, todo, seen) VALUES (?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                None if earlier is None else earlier["number"], version.source,
                version.name, version.name, version.size, version.fingerprint,
                json.dumps(dict(version.attributes or {}), sort_keys=True), version.sha256, version.file_id, state,
                version.error_message, action,
            ),
        )  # fmt: skip


def upload_headers(entry: JournalEntry, fingerprint: str) -> Mapping[str, str]:
    """Return the headers that tell the service where an uploaded file comes from."""
    values = {
        ADDRESS_HEADER: os.fsencode(entry.address),
        NAME_HEADER: entry.upload_name.encode(),
        FINGERPRINT_HEADER: fingerprint.encode(),
    }
    return {name: base64.b64encode(value).decode() for name, value in values.items()}


def parse_upload_headers(headers: Mapping[str, str], schedule: int, fence: int) -> ImportOrigin | None:
    """Return what the headers of a request say about an uploaded file; None when it is no upload."""
    if ADDRESS_HEADER not in headers:
        return None
    address, name, fingerprint = (
        base64.b64decode(headers[header]) for header in (ADDRESS_HEADER, NAME_HEADER, FINGERPRINT_HEADER)
    )
    return ImportOrigin(schedule, fence, address, name.decode(), fingerprint.decode())


def _state_and_action(version: ImportedVersion) -> tuple[State, Action]:
    match version.status:
        case "completed" | "failed" | "cancelled":
            return version.status, ""
        case _:
            # To attach a file in progress again has no effect on the service, and lets this run wait for it.
            return "uploaded", "attach"
