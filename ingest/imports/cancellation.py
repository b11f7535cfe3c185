"""Cancel an import from another process: a file beside its journal asks it to stop, then its batches are cancelled."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import openai

from ingest.errors import Refused
from ingest.imports.batches import ImportBatches
from ingest.imports.journal import ImportRun, Journal, journal_path, open_all

CHECK_SECONDS = 0.5
"""How often a running import looks for a request."""

STOP_SECONDS = 120.0
"""A running import ends its uploads in flight before it stops."""

POLL_SECONDS = 0.1

CANCEL_SUFFIX = ".cancel"


class CancelRequests:
    """Requests of other processes to stop an import, as the import sees them."""

    def __init__(self, journal: Journal, import_id: str) -> None:
        self._path = _request_path(journal)
        self._import_id = import_id
        self._next_check = 0.0
        self._is_requested = False
        self._path.unlink(missing_ok=True)  # of a command that was killed: this import has only begun or resumed

    def is_requested(self) -> bool:
        """Return whether somebody asked this import to stop. Looks at most every CHECK_SECONDS."""
        if not self._is_requested and time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_SECONDS
            with suppress(OSError):
                self._is_requested = self._path.read_text() == self._import_id
        return self._is_requested


def find_import(folder: Path, import_id: str) -> tuple[dict[str, str], ImportRun, bool]:
    """Return the store of an import (as `Journal.read_store`), its run, and whether it has ended. Raises Refused."""
    for journal in open_all(folder):
        try:
            for row in journal.list_imports():
                if row["id"] == import_id:
                    return journal.read_store(), ImportRun(row["number"], import_id), row["ended"] is not None
        finally:
            journal.close()
    raise Refused(f"No import {import_id} was started on this machine (journals in {folder}).")


def cancel_import(
    client: openai.OpenAI, folder: Path, store: dict[str, str], import_run: ImportRun, report: Callable[[str], None]
) -> dict[str, int]:
    """Stop an import, running or interrupted, cancel its open batches, and return the counts of its files.

    Raises Refused if its process does not stop in time, and openai.APIError.
    """
    journal = _open_when_stopped(folder, store, import_run.id, report)
    try:
        for batch in journal.list_open_batches():
            with suppress(openai.NotFoundError):  # the polls below record what is lost
                client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store["store_id"])
        batches = ImportBatches(client, store["store_id"], journal, import_run)
        while batches.open_count:
            batches.refresh()
            time.sleep(POLL_SECONDS)
        journal.end_import(import_run.number)
        return journal.sum_batch_counts(import_run.number)
    finally:
        journal.close()


def _open_when_stopped(folder: Path, store: dict[str, str], import_id: str, report: Callable[[str], None]) -> Journal:
    """Ask the process of an import to stop, and open the journal for writing when it has stopped."""
    deadline, request = time.monotonic() + STOP_SECONDS, None
    try:
        while True:
            try:
                return Journal.open_for_store(folder, store["url"], store["store_id"], store["store"])
            except Refused:
                if time.monotonic() > deadline:
                    raise
            if request is None:
                request = journal_path(folder, store["url"], store["store_id"]).with_suffix(CANCEL_SUFFIX)
                request.write_text(import_id)
                report("the import is asked to stop; it ends its uploads first")
            time.sleep(POLL_SECONDS)
    finally:
        if request is not None:
            request.unlink(missing_ok=True)


def _request_path(journal: Journal) -> Path:
    return journal.path.with_suffix(CANCEL_SUFFIX)
