"""The file batches of one import: attached as uploads end, followed until every file is finished."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import openai
from openai.types.vector_stores import VectorStoreFileBatch

from ingest.imports.journal import Entry, Import, Journal, OpenBatch, State

MOST_OPEN = 32
"""Unfinished batches at a time: beyond that uploads wait, as they would only fill the service's disk."""

POLL_SECONDS = 0.25
POLLS_PER_SECOND = 20
"""Over all batches: with a hundred of them each is asked every 5 s."""


class Batches:
    """What was attached to the store, and how much of it has ended how."""

    def __init__(self, client: openai.OpenAI, store_id: str, journal: Journal, this: Import) -> None:
        self._batches = client.vector_stores.file_batches
        self._store_id = store_id
        self._journal = journal
        self._this = this
        self._open = journal.open_batches()
        self._asked = 0.0

    @property
    def open(self) -> int:
        """Batches that are not finished."""
        return len(self._open)

    def attach(self, entries: Sequence[Entry]) -> None:
        """Have uploaded files ingested, as one batch. Raises openai.APIError."""
        files: Any = [{"file_id": entry.file_id, "attributes": dict(entry.attributes)} for entry in entries]
        first = dict(entries[0].attributes)
        if all(entry.attributes == first for entry in entries):  # older clients and servers know this form only
            ids = [str(entry.file_id) for entry in entries]
            batch = self._batches.create(self._store_id, file_ids=ids, attributes=first)
        else:
            batch = self._batches.create(self._store_id, files=files)
        self._journal.attached(batch.id, [entry.number for entry in entries], self._this.number)
        self._open = self._journal.open_batches()

    def refresh(self) -> list[tuple[str, str]]:
        """Ask for the counts of unfinished batches, if the last answer is not fresh.

        Returns the ids and reasons of files that failed in batches that ended. Raises openai.APIError.
        """
        if time.monotonic() - self._asked < max(POLL_SECONDS, len(self._open) / POLLS_PER_SECOND):
            return []
        failed: list[tuple[str, str]] = []
        for batch in self._open:
            try:
                now = self._batches.retrieve(batch.id, vector_store_id=self._store_id)
            except openai.NotFoundError:
                self._lost(batch)
                continue
            failed += self._heard(batch, now)
        self._open = self._journal.open_batches()
        self._asked = time.monotonic()
        return failed

    def counts(self) -> dict[str, int]:
        """The files of this import's batches, by how they stand."""
        return self._journal.counts(self._this.number)

    def _heard(self, batch: OpenBatch, now: VectorStoreFileBatch) -> list[tuple[str, str]]:
        counts = now.file_counts
        heard = replace(
            batch, in_progress=counts.in_progress, completed=counts.completed, failed=counts.failed,
            cancelled=counts.cancelled, total=counts.total,
        )  # fmt: skip
        if now.status == "in_progress":
            if heard != batch:
                self._journal.polled(heard)
            return []
        ended: list[tuple[str, State, str]] = []
        if counts.failed:
            ended += self._listed(batch.id, "failed")
        if counts.cancelled:
            ended += self._listed(batch.id, "cancelled")
        self._journal.ended(heard, ended)
        return [(file_id, reason) for file_id, _, reason in ended]

    def _lost(self, batch: OpenBatch) -> None:
        """The service knows nothing of a batch: its files have to be attached again."""
        self._journal.lost(batch)

    def _listed(self, batch_id: str, status: Any) -> Iterator[tuple[str, State, str]]:
        for file in self._batches.list_files(
            batch_id, vector_store_id=self._store_id, filter=status, limit=100, order="asc"
        ):
            given = file.last_error.message if file.last_error else ""
            yield file.id, status, given or ("It was cancelled" if status == "cancelled" else "No reason given")
