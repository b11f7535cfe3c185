"""The transfer of an import: uploads, batches as they fill, and the wait for the last file."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import openai

from ingest.imports.batches import MAX_OPEN_BATCHES, POLL_SECONDS, ImportBatches
from ingest.imports.journal import ImportRun, Journal
from ingest.imports.store_sync import StoreSync
from ingest.imports.uploads import Unchanged, Uploaded, UploadFailed, UploadPool, UploadResult
from ingest.imports.waits import ImportWait

BATCH_FILES = 2_000
"""OpenAI's documented limit, so that an import works with either service."""

PARTIAL_BATCH_SECONDS = 2.0
"""After this wait a partial batch is attached, while the service has few batches."""

FEW_BATCHES = 4


@dataclass
class TransferProgress:
    """What a transfer has to upload, and what it has uploaded so far."""

    to_upload: int = 0
    bytes_to_upload: int = 0
    uploaded: int = 0
    unchanged: int = 0
    not_uploaded: int = 0

    @property
    def attempted(self) -> int:
        """Files whose upload ended, with any result."""
        return self.uploaded + self.unchanged + self.not_uploaded


class Transfer:
    """Uploads and attaches the pending files of a journal."""

    def __init__(
        self,
        client: openai.OpenAI,
        store_id: str,
        journal: Journal,
        import_run: ImportRun,
        *,
        batch_files: int = BATCH_FILES,
    ) -> None:
        self.batches = ImportBatches(client, store_id, journal, import_run)
        self.store_sync = StoreSync(client, store_id, journal)
        self.progress = TransferProgress(*journal.count_pending("upload", import_run.number))
        self.new_failures: list[tuple[str, str]] = []
        """(path, reason) of failures that are not reported yet. Whoever reports them clears the list."""
        self.files_to_attach = journal.count_pending("attach", import_run.number)[0]
        """Counted in memory, because a count in the journal takes longer than an upload."""
        self._journal = journal
        self._import_run = import_run
        self._batch_files = batch_files
        self._uploads: UploadPool | None = None
        self._waiting_since: float | None = None
        self._last_number = 0

    @property
    def waiting(self) -> ImportWait | None:
        """What the import waits for: its batches, or a web server."""
        return self.batches.waiting or (None if self._uploads is None else self._uploads.waiting)

    def run(self, uploads: UploadPool, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Transfer everything, and yield whenever something may have changed. Raises openai.APIError.

        Batches are attached as they fill, so a long import is searchable early and an interrupted one loses nothing.
        When `is_stopped` returns true, files that are uploaded are still attached, but their end is not awaited.
        """
        self._uploads = uploads
        while not is_stopped():
            has_more = self._submit_uploads(uploads)
            for result in uploads.results():
                self._record(result)
            is_last = not has_more and not uploads.in_flight
            self._attach(everything=is_last)
            self._refresh()
            yield
            if not has_more and not uploads.in_flight:
                break
        for result in uploads.stop():
            self._record(result)
        self._attach(everything=True)
        while self.batches.open_count and not is_stopped():
            time.sleep(POLL_SECONDS / 2)
            self._refresh()
            yield

    def _submit_uploads(self, uploads: UploadPool) -> bool:
        """Submit as many files as the pool has room for; return whether there may be more."""
        if self.batches.open_count >= MAX_OPEN_BATCHES:
            return True
        free_slots = uploads.free_slots()
        entries = self._journal.list_pending(
            "upload", after=self._last_number, limit=free_slots, import_number=self._import_run.number
        )
        for entry in entries:
            if not uploads.submit(entry):
                return True
            self._last_number = entry.number
        return free_slots == 0 or len(entries) == free_slots

    def _record(self, result: UploadResult) -> None:
        match result:
            case Uploaded():
                self._journal.record_upload(result.entry, result.file_id, result.sha256, result.fingerprint)
                self.progress.uploaded += 1
                self.files_to_attach += 1
            case Unchanged():
                self._journal.record_unchanged(result.entry, result.fingerprint)
                self.progress.unchanged += 1
                self.files_to_attach += 1
            case UploadFailed():
                self._journal.record_upload_failure(
                    result.entry.number, result.reason, is_permanent=result.is_permanent
                )
                self.progress.not_uploaded += 1
                self.new_failures.append((result.entry.display_path, result.reason))

    def _attach(self, *, everything: bool) -> None:
        """Attach full batches; partial ones when `everything` is set, or when the service has few batches."""
        while self.files_to_attach:
            if self._waiting_since is None:
                self._waiting_since = time.monotonic()
            waited_seconds = time.monotonic() - self._waiting_since
            can_wait = self.batches.open_count >= FEW_BATCHES or waited_seconds < PARTIAL_BATCH_SECONDS
            if self.files_to_attach < self._batch_files and can_wait and not everything:
                return
            if entries := self._journal.list_pending("attach", after=0, limit=self._batch_files):
                try:
                    self.batches.attach(entries)
                except openai.NotFoundError:
                    if not self.store_sync.requeue_deleted_uploads(entries):
                        raise
            self.files_to_attach = self._journal.count_pending("attach", self._import_run.number)[0]
            self._waiting_since = None

    def _refresh(self) -> None:
        for file_id, reason in self.batches.refresh():
            self.new_failures.append((self._journal.find_display_path(file_id), reason))
