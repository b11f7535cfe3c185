"""Synchronization of a store with its journal: find changes that others made, and delete obsolete versions."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import openai

from ingest.imports.journal import Journal, JournalEntry, State

PAGE_SIZE = 100
"""Files in one answer of the service, and entries handled at a time."""

RETRIABLE_STATES: tuple[Literal["failed", "cancelled"], ...] = ("failed", "cancelled")
STATES_IN_STORE: tuple[State, ...] = ("attached", "completed", "failed", "cancelled")


class StoreSync:
    """Compares a store on the service with its journal."""

    def __init__(self, client: openai.OpenAI, store_id: str, journal: Journal) -> None:
        self._client = client
        self._files = client.vector_stores.files
        self._store_id = store_id
        self._journal = journal

    def reconcile(self, *, check_all: bool) -> None:
        """Compare the journal with the store if the store has too few files, or in any case with `check_all`.

        This import attaches or uploads missing files again. Raises openai.APIError.
        """
        total = self._client.vector_stores.retrieve(self._store_id).file_counts.total
        if check_all or total < self._journal.count_in_store():
            self._journal.save_listing(file.id for file in self._files.list(self._store_id, limit=PAGE_SIZE))
            for entry in self._iterate_in_states(STATES_IN_STORE):
                if not self._journal.is_listed(str(entry.file_id)):
                    self._requeue_missing(entry)
        self._update_retried_files()

    def delete_obsolete(self, *, keep_missing: bool = False) -> int:
        """Delete files marked for removal and superseded versions; return the number of removed files.

        With `keep_missing` only superseded versions are deleted. Raises openai.APIError.
        """
        removed = 0
        while not keep_missing and (entries := self._journal.list_pending("remove", after=0, limit=PAGE_SIZE)):
            for entry in entries:
                if entry.file_id is not None:
                    self._delete(entry.file_id)
                self._journal.record_removed(entry.number)
                removed += 1
        while superseded := self._journal.list_superseded(PAGE_SIZE):
            for file_id in superseded:
                self._delete(file_id)
                self._journal.record_superseded_deleted(file_id)
        return removed

    def requeue_deleted_uploads(self, entries: list[JournalEntry]) -> int:
        """Have the next import upload those entries again whose files are gone from the service; return how many.

        Raises openai.NotFoundError when the store itself is gone.
        """
        self._client.vector_stores.retrieve(self._store_id)
        deleted = [entry for entry in entries if not self._exists(str(entry.file_id))]
        for entry in deleted:
            reason = "The file was deleted from the service during the import"
            self._journal.set_state(entry.number, "none", "upload", reason)
        return len(deleted)

    def _update_retried_files(self) -> None:
        """Update failed and cancelled files that somebody has retried on the service since."""
        if not self._journal.list_in_states(RETRIABLE_STATES, after=0, limit=1):
            return
        for state in RETRIABLE_STATES:
            files = self._files.list(self._store_id, filter=state, limit=PAGE_SIZE)
            self._journal.save_listing(file.id for file in files)
            for entry in self._iterate_in_states((state,)):
                if not self._journal.is_listed(str(entry.file_id)):
                    self._update_state(entry)

    def _update_state(self, entry: JournalEntry) -> None:
        try:
            state = self._files.retrieve(str(entry.file_id), vector_store_id=self._store_id).status
        except openai.NotFoundError:
            self._requeue_missing(entry)
            return
        if state == "in_progress":
            # To attach it again has no effect on the service, and lets this import wait for it.
            self._journal.set_state(entry.number, "uploaded", "attach")
        else:
            self._journal.set_state(entry.number, state, "")

    def _requeue_missing(self, entry: JournalEntry) -> None:
        if self._exists(str(entry.file_id)):
            self._journal.set_state(entry.number, "uploaded", "attach")
        else:
            self._journal.set_state(entry.number, "none", "upload")

    def _iterate_in_states(self, states: tuple[State, ...]) -> Iterator[JournalEntry]:
        last = 0
        while entries := self._journal.list_in_states(states, after=last, limit=PAGE_SIZE):
            yield from entries
            last = entries[-1].number

    def _exists(self, file_id: str) -> bool:
        try:
            self._client.files.retrieve(file_id)
        except openai.NotFoundError:
            return False
        return True

    def _delete(self, file_id: str) -> None:
        with suppress(openai.NotFoundError):
            self._files.delete(file_id, vector_store_id=self._store_id)
        with suppress(openai.NotFoundError):
            self._client.files.delete(file_id)
