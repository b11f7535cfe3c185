"""Concurrent uploads. Files are streamed, and a stop breaks off uploads that are under way."""

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import Any

import openai

from ingest.errors import Refused
from ingest.imports import remote
from ingest.imports.addresses import is_web, url_scheme
from ingest.imports.archives import ArchiveReader, split_address
from ingest.imports.client import api_error_message
from ingest.imports.import_roots import UNRESTRICTED, ImportRoots
from ingest.imports.journal import JournalEntry
from ingest.imports.scan import EMPTY_FILE
from ingest.imports.source_files import os_error_message
from ingest.imports.web import WebDownloader

UPLOAD_THREADS = 8
QUEUE_SIZE = 512
"""Files queued for the threads in advance: enough to stay busy while a batch is being attached."""

TICK_SECONDS = 0.1
LAST_ANSWERS_SECONDS = 5.0
"""After a stop, uploads that were sent completely may wait this long for their answers."""


@dataclass(frozen=True)
class Uploaded:
    """A file that the service holds now."""

    entry: JournalEntry
    file_id: str
    sha256: str
    fingerprint: str


@dataclass(frozen=True)
class Unchanged:
    """A file whose content the service already held."""

    entry: JournalEntry
    fingerprint: str


@dataclass(frozen=True)
class UploadFailed:
    """A file that could not be read, or (`is_permanent`) that the service refuses."""

    entry: JournalEntry
    reason: str
    is_permanent: bool = False


UploadResult = Uploaded | Unchanged | UploadFailed


class UploadPool:
    """Threads that upload submitted files.

    `count_bytes` is called with bytes as they are read, from several threads; a repeated upload takes its bytes back
    with a negative number. Local files are read only inside `import_roots`, and objects of a bucket and members of archives
    only up to `max_bytes`. `make_headers` returns the headers to send with an entry and its fingerprint.
    """

    def __init__(
        self,
        client: openai.OpenAI,
        downloader: WebDownloader,
        count_bytes: Callable[[int], None],
        threads: int = UPLOAD_THREADS,
        *,
        import_roots: ImportRoots = UNRESTRICTED,
        max_bytes: int | None = None,
        make_headers: Callable[[JournalEntry, str], Mapping[str, str]] = lambda _entry, _fingerprint: {},
    ) -> None:
        self._client = client
        self._downloader = downloader
        self._import_roots = import_roots
        self._max_bytes = max_bytes
        self._make_headers = make_headers
        self._count_bytes = count_bytes
        self._archives = ArchiveReader()
        self._stop = Event()
        self._pending: Queue[JournalEntry] = Queue(QUEUE_SIZE)
        self._results: SimpleQueue[UploadResult | BaseException] = SimpleQueue()
        self.in_flight = 0
        """Files that are submitted and have no result yet."""
        # Daemon threads, not an executor: the process must be able to end when the service has stopped answering.
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def free_slots(self) -> int:
        """Return how many more files can be submitted now."""
        return self._pending.maxsize - self._pending.qsize()

    def submit(self, entry: JournalEntry) -> bool:
        """Queue a file for upload; return False when the queue is full."""
        try:
            self._pending.put_nowait(entry)
        except Full:
            return False
        self.in_flight += 1
        return True

    def results(self) -> Iterator[UploadResult]:
        """Yield the results that are ready, after a short wait for the first.

        Raises openai.APIError, and every other exception that concerns more than one file.
        """
        is_first = True
        while True:
            try:
                result = self._results.get(block=is_first, timeout=TICK_SECONDS)
            except Empty:
                return
            is_first = False
            if isinstance(result, BaseException):
                raise result
            self.in_flight -= 1
            yield result

    def stop(self) -> Iterator[UploadResult]:
        """Break off uploads that are under way, and yield the results of those that ended nevertheless."""
        self._stop.set()
        for thread in self._threads:
            thread.join(LAST_ANSWERS_SECONDS / len(self._threads))
        while not self._results.empty():
            result = self._results.get()
            if not isinstance(result, BaseException):
                yield result
        self._archives.close()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                entry = self._pending.get(timeout=TICK_SECONDS)
            except Empty:
                continue
            try:
                self._results.put(self._process(entry))
            except BaseException as exc:  # noqa: BLE001 - results() raises it again in the caller's thread
                self._results.put(exc)
                return

    def _process(self, entry: JournalEntry) -> UploadResult:
        try:
            with self._open_content(entry) as (path, fingerprint):
                if fingerprint is None:
                    return Unchanged(entry, entry.fingerprint)
                # A file that was never uploaded is not hashed first: that would read it twice for nothing.
                if entry.sha256 is not None and entry.file_id is not None and _sha256(path) == entry.sha256:
                    return Unchanged(entry, fingerprint)
                return self._upload(entry, path, fingerprint)
        except OSError as exc:
            return UploadFailed(entry, os_error_message(exc))
        except Refused as exc:
            return UploadFailed(entry, str(exc))

    @contextmanager
    def _open_content(self, entry: JournalEntry) -> Iterator[tuple[str, str | None]]:
        """Yield a local path with the content, and its fingerprint; None when a web server says it has not changed."""
        if not url_scheme(entry.address):
            if location := split_address(entry.address):
                with self._open_member(entry, *location) as path:
                    yield path, entry.fingerprint
                return
            with self._import_roots.open_file(entry.address) as path:
                yield path, entry.fingerprint
            return
        with tempfile.TemporaryDirectory(prefix="ingest-import-") as folder:
            target = Path(folder) / "content"
            fingerprint: str | None = entry.fingerprint
            if is_web(entry.address):
                last_fingerprint = entry.fingerprint if entry.file_id else ""
                fingerprint = self._downloader.download(entry.address, target, last_fingerprint)
            elif self._max_bytes is not None and (entry.size or 0) > self._max_bytes:
                raise OSError(0, f"Larger than {self._max_bytes:,} bytes")
            else:
                remote.download(entry.address, target)
            yield str(target), fingerprint

    @contextmanager
    def _open_member(self, entry: JournalEntry, archive: str, member: str) -> Iterator[str]:
        """Yield a local path with the content of an archive's member."""
        if self._max_bytes is not None and (entry.size or 0) > self._max_bytes:
            raise OSError(0, f"Larger than {self._max_bytes:,} bytes")
        with tempfile.TemporaryDirectory(prefix="ingest-import-") as folder:
            target = Path(folder) / "content"
            with self._import_roots.open_file(archive) as path:
                self._archives.copy(path, member, target)
            yield str(target)

    def _upload(self, entry: JournalEntry, path: str, fingerprint: str) -> UploadResult:
        with _UploadStream(path, self._count_bytes, self._stop) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return UploadFailed(entry, EMPTY_FILE)
            try:
                created = self._client.files.create(
                    file=(entry.upload_name, file),
                    purpose="assistants",
                    extra_headers=self._make_headers(entry, fingerprint),
                )
            except openai.APIConnectionError as exc:
                if isinstance(exc.__cause__, OSError):  # reading the file failed; network errors have another class
                    raise exc.__cause__ from exc
                if os.fstat(file.fileno()).st_size != size:
                    return UploadFailed(entry, "The file changed while it was read")
                raise
            except (openai.BadRequestError, openai.UnprocessableEntityError) as exc:
                return UploadFailed(entry, api_error_message(exc), is_permanent=True)
            except openai.APIStatusError as exc:
                if exc.status_code == 413:
                    return UploadFailed(entry, api_error_message(exc), is_permanent=True)
                raise
            return Uploaded(entry, created.id, file.sha256(), fingerprint)


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _UploadStream(io.FileIO):
    """A file that counts and hashes what is read, and that cannot be read once the import stops."""

    def __init__(self, path: str, count_bytes: Callable[[int], None], stop: Event) -> None:
        super().__init__(path)
        self._count_bytes = count_bytes
        self._stop = stop
        self._hash = hashlib.sha256()

    def sha256(self) -> str:
        """Return the hash of what was read since the beginning of the file."""
        return self._hash.hexdigest()

    def read(self, size: int | None = -1, /) -> Any:
        if self._stop.is_set():
            raise KeyboardInterrupt  # the client would retry after an Exception
        data = super().read(-1 if size is None else size)
        self._hash.update(data or b"")
        self._count_bytes(len(data or b""))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        before = self.tell()
        after = super().seek(offset, whence)
        if after == 0:
            self._hash = hashlib.sha256()
        self._count_bytes(after - before)
        return after
