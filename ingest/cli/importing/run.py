"""One import: uploads, batches as they fill, and the wait for the last file."""

import time
from collections.abc import Callable, Generator, Sequence

import openai

from ingest.cli.importing.batches import BATCH_FILES, POLL_SECONDS, Attributes, Batches
from ingest.cli.importing.sources import Failure, Source
from ingest.cli.importing.uploads import upload


class Run:
    """An import on its way, or at its end."""

    def __init__(self, client: openai.OpenAI, store_id: str, sources: Sequence[Source], attributes: Attributes) -> None:
        self.sources = sources
        self.uploaded: dict[str, Source] = {}
        self.refused: list[Failure] = []
        self.batches = Batches(client, store_id, attributes)
        self._client = client

    def steps(self, sent: Callable[[int], None]) -> Generator[None, None, None]:
        """Do it all; yields whenever something may have changed. `sent` is told of bytes, from any thread.

        Batches are attached as they fill, so that a long import is searchable early and an interrupted one is not lost.
        """
        waiting: list[str] = []
        for result in upload(self._client, self.sources, sent):
            if isinstance(result, Failure):
                self.refused.append(result)
            elif result:
                self.uploaded[result.file_id] = result.source
                waiting.append(result.file_id)
            if len(waiting) == BATCH_FILES:
                self.batches.attach(waiting)
                waiting.clear()
            self.batches.refresh()
            yield
        if waiting:
            self.batches.attach(waiting)
        yield
        while self.batches.count("in_progress"):
            time.sleep(POLL_SECONDS)
            self.batches.refresh()
            yield

    def failures(self) -> list[Failure]:
        """What was not uploaded, or not ingested, and why."""
        return [
            *self.refused,
            *(Failure(self.uploaded[file_id].shown, why) for file_id, why in self.batches.failed()),
        ]
