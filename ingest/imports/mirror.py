"""The store kept as the journal has it: what others changed there is noticed, what is out of date is taken out."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Literal

import openai

from ingest.imports.journal import Entry, Journal, State

PAGE = 100
"""Files the service lists in one answer, and entries looked at in one go."""

UNDONE: tuple[Literal["failed", "cancelled"], ...] = ("failed", "cancelled")
HELD: tuple[State, ...] = ("attached", "completed", "failed", "cancelled")


class Mirror:
    """A store on the service and its journal here."""

    def __init__(self, client: openai.OpenAI, store_id: str, journal: Journal) -> None:
        self._client = client
        self._files = client.vector_stores.files
        self._store_id = store_id
        self._journal = journal

    def check(self, *, always: bool) -> None:
        """Compare the journal with the store, as far as the store's counts give a reason to, or in any case.

        What is missing there is attached or uploaded again by this import. Raises openai.APIError.
        """
        total = self._client.vector_stores.retrieve(self._store_id).file_counts.total
        if always or total < self._journal.holding():
            self._journal.note_there(file.id for file in self._files.list(self._store_id, limit=PAGE))
            for entry in self._held(HELD):
                if not self._journal.is_there(str(entry.file_id)):
                    self._missing(entry)
        self._retried()

    def clean(self) -> int:
        """Take out what was superseded or is to be removed; how many files. Raises openai.APIError."""
        gone = 0
        while some := self._journal.entries("remove", after=0, limit=PAGE):
            for entry in some:
                if entry.file_id is not None:
                    self._delete(entry.file_id)
                self._journal.removed(entry.number)
                gone += 1
        while replaced := self._journal.superseded(PAGE):
            for file_id in replaced:
                self._delete(file_id)
                self._journal.dropped(file_id)
        return gone

    def recover(self, entries: list[Entry]) -> int:
        """Have those of some uploaded files that are gone from the service uploaded by the next import; how many.

        Raises openai.NotFoundError when it is the store that is gone.
        """
        self._client.vector_stores.retrieve(self._store_id)
        gone = [entry for entry in entries if not self._exists(str(entry.file_id))]
        for entry in gone:
            self._journal.correct(entry.number, "none", "upload", "It was deleted from the service meanwhile")
        return len(gone)

    def _retried(self) -> None:
        """Files that had failed may have been retried on the service since."""
        if not self._journal.held(UNDONE, after=0, limit=1):
            return
        for state in UNDONE:
            self._journal.note_there(file.id for file in self._files.list(self._store_id, filter=state, limit=PAGE))
            for entry in self._held((state,)):
                if not self._journal.is_there(str(entry.file_id)):
                    self._ask(entry)

    def _ask(self, entry: Entry) -> None:
        try:
            now = self._files.retrieve(str(entry.file_id), vector_store_id=self._store_id).status
        except openai.NotFoundError:
            self._missing(entry)
            return
        # One in progress is attached once more, which changes nothing but lets this import wait for it.
        if now == "in_progress":
            self._journal.correct(entry.number, "uploaded", "attach")
        else:
            self._journal.correct(entry.number, now, "")

    def _missing(self, entry: Entry) -> None:
        if self._exists(str(entry.file_id)):
            self._journal.correct(entry.number, "uploaded", "attach")
        else:
            self._journal.correct(entry.number, "none", "upload")

    def _held(self, states: tuple[State, ...]) -> Iterator[Entry]:
        last = 0
        while some := self._journal.held(states, after=last, limit=PAGE):
            yield from some
            last = some[-1].number

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
