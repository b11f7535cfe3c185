"""The file batches of an import: created as uploads end, polled until every file has ended."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import openai
from openai.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

from ingest.imports.journal import ImportRun, Journal, JournalEntry, OpenBatch, State
from ingest.imports.reports import describe_warnings, list_reports
from ingest.imports.waits import ImportWait, read_wait, summarize_waits

MAX_OPEN_BATCHES = 32
"""Unfinished batches at a time. With more of them uploads pause: they would only fill the service's disk."""

POLL_SECONDS = 0.25
POLLS_PER_SECOND = 20
"""Over all batches: with a hundred batches each is polled every 5 s."""


FAILURES_SECONDS = 2.0
"""The latest failures of unfinished batches are listed this often at most."""

LATEST_FAILURES = 10
"""Failures that are listed at a time while a batch is unfinished. Its end lists all."""


class ImportBatches:
    """The batches of an import, and the counts of their files."""

    def __init__(self, client: openai.OpenAI, store_id: str, journal: Journal, import_run: ImportRun) -> None:
        self._client = client
        self._batches = client.vector_stores.file_batches
        self._store_id = store_id
        self._journal = journal
        self._import_run = import_run
        self._open = journal.list_open_batches()
        self._polled_at = 0.0
        self.waiting: ImportWait | None = None
        """What the unfinished batches wait for, by the last poll."""
        self._failures_listed_at = 0.0
        self._unlisted: set[str] = set()
        """Batches with failures that were not listed yet."""
        self._listed: dict[str, set[str]] = {}
        """Ids of the failed files that were returned already, by unfinished batch."""

    @property
    def open_count(self) -> int:
        """The number of unfinished batches."""
        return len(self._open)

    def attach(self, entries: Sequence[JournalEntry]) -> None:
        """Attach uploaded files to the store as one batch. Raises openai.APIError."""
        first = dict(entries[0].attributes)
        if all(entry.attributes == first for entry in entries):
            # Older clients and servers know only this form, with one set of attributes for all files.
            ids = [str(entry.file_id) for entry in entries]
            batch = self._batches.create(self._store_id, file_ids=ids, attributes=first)
        else:
            files: Any = [{"file_id": entry.file_id, "attributes": dict(entry.attributes)} for entry in entries]
            batch = self._batches.create(self._store_id, files=files)
        self._journal.record_batch(batch.id, [entry.number for entry in entries], self._import_run.number)
        self._open = self._journal.list_open_batches()

    def refresh(self) -> list[tuple[str, str]]:
        """Poll the unfinished batches, unless the last poll is recent.

        Returns (file id, reason) of files that failed and were not returned before: all of them when their batch ends,
        the latest few until then. Raises openai.APIError.
        """
        if time.monotonic() - self._polled_at < max(POLL_SECONDS, len(self._open) / POLLS_PER_SECOND):
            return []
        failed: list[tuple[str, str]] = []
        waits: list[ImportWait | None] = []
        for batch in self._open:
            try:
                answer = self._batches.retrieve(batch.id, vector_store_id=self._store_id)
            except openai.NotFoundError:
                self._journal.requeue_lost_batch(batch)
                continue
            if answer.status == "in_progress":
                waits.append(read_wait(answer))
            failed += self._record_answer(batch, answer)
        failed += self._list_latest_failures()
        self.waiting = summarize_waits(waits)
        self._open = self._journal.list_open_batches()
        self._polled_at = time.monotonic()
        return failed

    def count_files(self) -> dict[str, int]:
        """Return the files of this import's batches, counted by state."""
        return self._journal.sum_batch_counts(self._import_run.number)

    def _record_answer(self, batch: OpenBatch, answer: VectorStoreFileBatch) -> list[tuple[str, str]]:
        counts = answer.file_counts
        updated = replace(
            batch, in_progress=counts.in_progress, completed=counts.completed, failed=counts.failed,
            cancelled=counts.cancelled, total=counts.total,
        )  # fmt: skip
        if answer.status == "in_progress":
            if updated != batch:
                self._journal.update_batch(updated)
            if updated.failed > batch.failed:
                self._unlisted.add(batch.id)
            return []
        not_completed: list[tuple[str, State, str]] = []
        if counts.failed:
            not_completed += self._list_files(batch.id, "failed")
        if counts.cancelled:
            not_completed += self._list_files(batch.id, "cancelled")
        with_warnings = self._list_warnings(batch.id) if counts.completed else []
        self._journal.close_batch(updated, not_completed, with_warnings)
        self._unlisted.discard(batch.id)
        listed = self._listed.pop(batch.id, set())
        return [(file_id, reason) for file_id, _, reason in not_completed if file_id not in listed]

    def _list_latest_failures(self) -> list[tuple[str, str]]:
        """Return (file id, reason) of a few new failures of unfinished batches, unless the last listing is recent."""
        if not self._unlisted or time.monotonic() - self._failures_listed_at < FAILURES_SECONDS:
            return []
        self._failures_listed_at = time.monotonic()
        batch_id = self._unlisted.pop()
        listed = self._listed.setdefault(batch_id, set())
        page = self._batches.list_files(
            batch_id, vector_store_id=self._store_id, filter="failed", limit=LATEST_FAILURES, order="desc"
        )
        failed = [(file.id, _reason(file, "failed")) for file in page.data if file.id not in listed]
        listed.update(file_id for file_id, _ in failed)
        return failed

    def _list_warnings(self, batch_id: str) -> list[tuple[str, str]]:
        """Return (file id, warning) of each completed file of a batch that has warnings."""
        reports = list_reports(self._client, self._store_id, batch_id=batch_id)
        return [(report["id"], describe_warnings(report)) for report in reports if report["status"] == "completed"]

    def _list_files(self, batch_id: str, status: Any) -> Iterator[tuple[str, State, str]]:
        for file in self._batches.list_files(
            batch_id, vector_store_id=self._store_id, filter=status, limit=100, order="asc"
        ):
            yield file.id, status, _reason(file, status)


def _reason(file: VectorStoreFile, status: str) -> str:
    default = "The file was cancelled" if status == "cancelled" else "The service gave no reason"
    return (file.last_error.message if file.last_error else "") or default
