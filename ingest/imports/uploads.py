"""Concurrent uploads. Files are streamed, and a stop breaks off uploads that are under way."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread

import openai

from ingest.errors import Refused
from ingest.imports import remote
from ingest.imports.addresses import is_other_store, is_web, url_scheme
from ingest.imports.archives import ArchiveReader, split_address
from ingest.imports.attributes import validation_error
from ingest.imports.client import api_error_message
from ingest.imports.import_roots import UNRESTRICTED, ImportRoots
from ingest.imports.journal import JournalEntry
from ingest.imports.other_stores import OtherStores
from ingest.imports.scan import EMPTY_FILE
from ingest.imports.source_files import os_error_message
from ingest.imports.upload_stream import UploadStream
from ingest.imports.waits import ImportWait
from ingest.imports.web import WebDownloader
from ingest.imports.web_fingerprint import with_lastmod_of
from ingest.imports.web_names import name_of_url

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


@dataclass(frozen=True)
class _Content:
    """A local file with the content of an entry, its fingerprint, and the name to upload it with."""

    path: str
    fingerprint: str
    name: str


class UploadPool:
    """Threads that upload submitted files.

    `count_bytes` is called with bytes as they are read, from several threads; a repeated upload takes its bytes back
    with a negative number. Local files are read only inside `import_roots`, and objects of a bucket and members of archives
    only up to `max_bytes`. `make_headers` returns the headers to send with an entry and its fingerprint, `date_of` the
    attribute with the date of a download.
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
        other_stores: OtherStores | None = None,
        date_of: Callable[[str], Mapping[str, int]] = lambda _fingerprint: {},
        make_headers: Callable[[JournalEntry, str], Mapping[str, str]] = lambda _entry, _fingerprint: {},
    ) -> None:
        self._client = client
        self._downloader = downloader
        self._import_roots = import_roots
        self._max_bytes = max_bytes
        self._other_stores = other_stores
        self._date_of = date_of
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

    @property
    def waiting(self) -> ImportWait | None:
        """Which web server asked to wait, while a download waits."""
        return self._downloader.waiting

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
        self._downloader.stop()
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
            with self._open_content(entry) as content:
                if content is None:
                    return Unchanged(entry, entry.fingerprint)
                # A file that was never uploaded is not hashed first: that would read it twice for nothing.
                if entry.sha256 is not None and entry.file_id is not None and _sha256(content.path) == entry.sha256:
                    return Unchanged(entry, content.fingerprint)
                return self._upload(entry, content)
        except OSError as exc:
            return UploadFailed(entry, os_error_message(exc))
        except Refused as exc:
            return UploadFailed(entry, str(exc))

    @contextmanager
    def _open_content(self, entry: JournalEntry) -> Iterator["_Content | None"]:
        """Yield the content of a file; None when a web server says it has not changed."""
        if not url_scheme(entry.address):
            if location := split_address(entry.address):
                with self._open_member(entry, *location) as path:
                    yield _Content(path, entry.fingerprint, entry.upload_name)
                return
            with self._import_roots.open_file(entry.address) as path:
                yield _Content(path, entry.fingerprint, entry.upload_name)
            return
        with tempfile.TemporaryDirectory(prefix="ingest-import-") as folder:
            target = Path(folder) / "content"
            if is_web(entry.address):
                yield self._download(entry, target)
                return
            if self._other_stores is not None and is_other_store(entry.address):
                name = self._other_stores.fetch(entry.address, entry.fingerprint, target)
                yield _Content(str(target), entry.fingerprint, name)
                return
            if self._max_bytes is not None and (entry.size or 0) > self._max_bytes:
                raise OSError(0, f"Larger than {self._max_bytes:,} bytes")
            remote.download(entry.address, target)
            yield _Content(str(target), entry.fingerprint, entry.upload_name)

    def _download(self, entry: JournalEntry, target: Path) -> "_Content | None":
        last_fingerprint = entry.fingerprint if entry.file_id else ""
        download = self._downloader.download(entry.address, target, last_fingerprint)
        if download is None:
            return None
        # The server's name replaces one that was taken from the address, and none that the user gave.
        is_given = entry.upload_name != name_of_url(entry.address)
        fingerprint = with_lastmod_of(download.fingerprint, entry.fingerprint)
        return _Content(str(target), fingerprint, entry.upload_name if is_given else download.name)

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

    def _upload(self, entry: JournalEntry, content: "_Content") -> UploadResult:
        entry = replace(entry, attributes={**entry.attributes, **self._date_of(content.fingerprint)})
        if error := validation_error(entry.attributes):
            return UploadFailed(entry, error)
        with UploadStream(content.path, self._count_bytes, self._stop) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return UploadFailed(entry, EMPTY_FILE)
            try:
                created = self._client.files.create(
                    file=(content.name, file),
                    purpose="assistants",
                    extra_headers=self._make_headers(entry, content.fingerprint),
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
            return Uploaded(entry, created.id, file.sha256(), content.fingerprint)


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
