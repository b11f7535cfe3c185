"""One import: uploads, batches as they fill, and the wait for the last file."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import openai

from ingest.imports.batches import MOST_OPEN, POLL_SECONDS, Batches
from ingest.imports.journal import Import, Journal
from ingest.imports.mirror import Mirror
from ingest.imports.uploads import NotUploaded, Result, Same, Uploaded, Uploads

BATCH_FILES = 2_000
"""OpenAI's documented limit, so that an import works with either service."""

IMPATIENT_SECONDS = 2.0
"""What waits this long is attached as a smaller batch, while the service has few of them."""

FEW_BATCHES = 4


@dataclass
class Progress:
    """What this run has done so far; bytes are those that have left."""

    to_upload: int = 0
    bytes_to_upload: int = 0
    uploaded: int = 0
    same: int = 0
    not_uploaded: int = 0
    bytes: int = 0

    @property
    def tried(self) -> int:
        return self.uploaded + self.same + self.not_uploaded


class Run:
    """An import on its way, or at its end."""

    def __init__(
        self, client: openai.OpenAI, store_id: str, journal: Journal, this: Import, *, batch_files: int = BATCH_FILES
    ) -> None:
        self.batches = Batches(client, store_id, journal, this)
        self.mirror = Mirror(client, store_id, journal)
        self.progress = Progress(*journal.amount("upload", this.number))
        self.failed: list[tuple[str, str]] = []
        """(path, reason) of what went wrong since it was last looked at; whoever looks empties it."""
        self._journal = journal
        self._this = this
        self._batch_files = batch_files
        self.waiting = journal.amount("attach", this.number)[0]
        """Files that may be attached; counted here, as counting them in the journal takes longer than an upload."""
        self._waiting_since: float | None = None
        self._last = 0

    def steps(self, uploads: Uploads, stopped: Callable[[], bool]) -> Iterator[None]:
        """Do it all; yields whenever something may have changed. Raises openai.APIError.

        Batches are attached as they fill, so that a long import is searchable early and an interrupted one is not lost.
        When `stopped` says so, what was uploaded is still attached, and nothing is waited for.
        """
        while not stopped():
            more = self._feed(uploads)
            for result in uploads.results():
                self._note(result)
            self._attach(all_of_it=not more and not uploads.under_way)
            self._refresh()
            yield
            if not more and not uploads.under_way:
                break
        for result in uploads.stop():
            self._note(result)
        self._attach(all_of_it=True)
        while self.batches.open and not stopped():
            time.sleep(POLL_SECONDS / 2)
            self._refresh()
            yield

    def _feed(self, uploads: Uploads) -> bool:
        """Hand out what there is room for; whether there is more."""
        if self.batches.open >= MOST_OPEN:
            return True
        room = uploads.room()
        some = self._journal.entries("upload", after=self._last, limit=room, seen=self._this.number)
        for entry in some:
            if not uploads.give(entry):
                return True
            self._last = entry.number
        return room == 0 or len(some) == room

    def _note(self, result: Result) -> None:
        match result:
            case Uploaded():
                self._journal.uploaded(result.entry, result.file_id, result.sha256, result.stamp)
                self.progress.uploaded += 1
                self.waiting += 1
            case Same():
                self._journal.same(result.entry, result.stamp)
                self.progress.same += 1
                self.waiting += 1
            case NotUploaded():
                self._journal.not_uploaded(result.entry.number, result.reason, for_good=result.for_good)
                self.progress.not_uploaded += 1
                self.failed.append((result.entry.shown, result.reason))

    def _attach(self, *, all_of_it: bool) -> None:
        """Make batches of what waits: full ones, and smaller ones when the service has little to do or at the end."""
        while self.waiting:
            if self._waiting_since is None:
                self._waiting_since = time.monotonic()
            patient = self.batches.open >= FEW_BATCHES or time.monotonic() - self._waiting_since < IMPATIENT_SECONDS
            if self.waiting < self._batch_files and patient and not all_of_it:
                return
            if some := self._journal.entries("attach", after=0, limit=self._batch_files):
                try:
                    self.batches.attach(some)
                except openai.NotFoundError:
                    if not self.mirror.recover(some):
                        raise
            self.waiting = self._journal.amount("attach", self._this.number)[0]
            self._waiting_since = None

    def _refresh(self) -> None:
        for file_id, reason in self.batches.refresh():
            self.failed.append((self._journal.path_of(file_id), reason))
