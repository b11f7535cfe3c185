"""The file batches of one import: attached as uploads end, followed until every file is finished."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import openai
from openai.types.vector_stores import VectorStoreFileBatch

BATCH_FILES = 2_000
"""OpenAI's documented limit, so that an import works with either service."""

POLL_SECONDS = 0.25
POLLS_PER_SECOND = 20
"""Over all batches: with a hundred of them each is asked every 5 s."""

Attributes = Mapping[str, str | float | bool]
Status = Literal["in_progress", "completed", "failed", "cancelled", "total"]


class Batches:
    """What was attached to the store, and how much of it has ended how."""

    def __init__(self, client: openai.OpenAI, store_id: str, attributes: Attributes) -> None:
        self._batches = client.vector_stores.file_batches
        self._store_id = store_id
        self._attributes = dict(attributes)
        self._known: list[VectorStoreFileBatch] = []
        self._asked = 0.0

    def attach(self, file_ids: Sequence[str]) -> None:
        """Have at most BATCH_FILES files ingested. Raises openai.APIError."""
        batch = self._batches.create(self._store_id, file_ids=list(file_ids), attributes=self._attributes)
        self._known.append(batch)

    def refresh(self) -> None:
        """Ask for the counts of unfinished batches, if the last answer is not fresh. Raises openai.APIError."""
        unfinished = [index for index, batch in enumerate(self._known) if batch.status == "in_progress"]
        if time.monotonic() - self._asked < max(POLL_SECONDS, len(unfinished) / POLLS_PER_SECOND):
            return
        for index in unfinished:
            self._known[index] = self._batches.retrieve(self._known[index].id, vector_store_id=self._store_id)
        self._asked = time.monotonic()

    def count(self, status: Status) -> int:
        """Files in this state, over all batches."""
        return sum(getattr(batch.file_counts, status) for batch in self._known)

    def failed(self) -> Iterator[tuple[str, str]]:
        """The ids of failed files, with the reasons."""
        for batch in self._known:
            if batch.file_counts.failed:
                for file in self._batches.list_files(
                    batch.id, vector_store_id=self._store_id, filter="failed", limit=100, order="asc"
                ):
                    yield file.id, file.last_error.message if file.last_error else "No reason given"
