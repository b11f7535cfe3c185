"""Uploads of many files at once, read piece by piece, that stop when the import does."""

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
from ingest.imports.journal import Entry
from ingest.imports.roots import ANYWHERE, WEB, Roots, scheme
from ingest.imports.source_files import why
from ingest.imports.web import Web

THREADS = 8
WAITING = 512
"""Files handed to the threads in advance: enough to go on while a batch is being attached."""

TICK_SECONDS = 0.1
LAST_ANSWERS_SECONDS = 5.0
"""What was sent as a whole when an import is stopped still gets its answer, if that comes soon."""


@dataclass(frozen=True)
class Uploaded:
    """A file that the service holds now."""

    entry: Entry
    file_id: str
    sha256: str
    stamp: str


@dataclass(frozen=True)
class Same:
    """A file that the service held already."""

    entry: Entry
    stamp: str


@dataclass(frozen=True)
class NotUploaded:
    """A file that could not be read, or (`for_good`) that the service does not take."""

    entry: Entry
    reason: str
    for_good: bool = False


Result = Uploaded | Same | NotUploaded


class Uploads:
    """Threads that upload what they are given.

    `sent` is told of bytes as they leave, from several threads; a repeated upload takes back what it had told. Files of
    this machine are read as far as `roots` let them, and of a bucket none that has more than `most_bytes`. `headers`
    are sent with an entry that has this stamp.
    """

    def __init__(
        self,
        client: openai.OpenAI,
        web: Web,
        sent: Callable[[int], None],
        threads: int = THREADS,
        *,
        roots: Roots = ANYWHERE,
        most_bytes: int | None = None,
        headers: Callable[[Entry, str], Mapping[str, str]] = lambda _entry, _stamp: {},
    ) -> None:
        self._client = client
        self._web = web
        self._roots = roots
        self._most_bytes = most_bytes
        self._headers = headers
        self._sent = sent
        self._stop = Event()
        self._todo: Queue[Entry] = Queue(WAITING)
        self._ended: SimpleQueue[Result | BaseException] = SimpleQueue()
        self.under_way = 0
        # Not an executor: its threads would hold up the end of the program when a service has stopped answering.
        self._threads = [Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def room(self) -> int:
        """How many more entries can be given now."""
        return self._todo.maxsize - self._todo.qsize()

    def give(self, entry: Entry) -> bool:
        """Have a file uploaded; False when there is no room."""
        try:
            self._todo.put_nowait(entry)
        except Full:
            return False
        self.under_way += 1
        return True

    def results(self) -> Iterator[Result]:
        """What has ended; waits a moment for the first. Raises openai.APIError, and what else no file is to blame for."""
        wait = True
        while True:
            try:
                ended = self._ended.get(block=wait, timeout=TICK_SECONDS)
            except Empty:
                return
            wait = False
            if isinstance(ended, BaseException):
                raise ended
            self.under_way -= 1
            yield ended

    def stop(self) -> Iterator[Result]:
        """Break off what is being sent, and yield what ended all the same: those are files that the service holds."""
        self._stop.set()
        for thread in self._threads:
            thread.join(LAST_ANSWERS_SECONDS / len(self._threads))
        while not self._ended.empty():
            ended = self._ended.get()
            if not isinstance(ended, BaseException):
                yield ended

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                entry = self._todo.get(timeout=TICK_SECONDS)
            except Empty:
                continue
            try:
                self._ended.put(self._one(entry))
            except BaseException as exc:  # noqa: BLE001 - raised again by the thread that waits
                self._ended.put(exc)
                return

    def _one(self, entry: Entry) -> Result:
        try:
            with self._local(entry) as (path, stamp):
                if stamp is None:
                    return Same(entry, entry.stamp)
                # Only of a file that was uploaded before is the hash worth reading it twice.
                if entry.sha256 is not None and entry.file_id is not None and _sha256(path) == entry.sha256:
                    return Same(entry, stamp)
                return self._upload(entry, path, stamp)
        except OSError as exc:
            return NotUploaded(entry, why(exc))
        except Refused as exc:
            return NotUploaded(entry, str(exc))

    @contextmanager
    def _local(self, entry: Entry) -> Iterator[tuple[str, str | None]]:
        """A file of this machine with the content and its stamp, or no stamp when it is as it was."""
        kind = scheme(entry.address)
        if not kind:
            with self._roots.opened(entry.address) as allowed:
                yield allowed, entry.stamp
            return
        with tempfile.TemporaryDirectory(prefix="ingest-import-") as folder:
            path = Path(folder) / "content"
            stamp: str | None = entry.stamp
            if kind in WEB:
                stamp = self._web.fetch(entry.address, path, entry.stamp if entry.file_id else "")
            elif self._most_bytes is not None and (entry.size or 0) > self._most_bytes:
                raise OSError(0, f"Larger than {self._most_bytes:,} bytes")
            else:
                remote.fetch(entry.address, path)
            yield str(path), stamp

    def _upload(self, entry: Entry, path: str, stamp: str) -> Result:
        with _Reading(path, self._sent, self._stop) as file:
            size = os.fstat(file.fileno()).st_size
            if size == 0:
                return NotUploaded(entry, "It is empty")
            try:
                created = self._client.files.create(
                    file=(entry.name, file), purpose="assistants", extra_headers=self._headers(entry, stamp)
                )
            except openai.APIConnectionError as exc:
                if isinstance(exc.__cause__, OSError):  # from reading the file; the network's are of another kind
                    raise exc.__cause__ from exc
                if os.fstat(file.fileno()).st_size != size:
                    return NotUploaded(entry, "It changed while it was read")
                raise
            except (openai.BadRequestError, openai.UnprocessableEntityError) as exc:
                return NotUploaded(entry, reason(exc), for_good=True)
            except openai.APIStatusError as exc:
                if exc.status_code == 413:
                    return NotUploaded(entry, reason(exc), for_good=True)
                raise
            return Uploaded(entry, created.id, file.sha256(), stamp)


def reason(exc: openai.APIStatusError) -> str:
    """What the service says about a refusal, in one line."""
    body: Any = exc.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or f"The service answered {exc.status_code} {exc.response.reason_phrase}").strip()


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Reading(io.FileIO):
    """A file that tells how far it is read and what was in it, and cannot be read on once the import stops."""

    def __init__(self, path: str, sent: Callable[[int], None], stop: Event) -> None:
        super().__init__(path)
        self._sent = sent
        self._stop = stop
        self._hash = hashlib.sha256()

    def sha256(self) -> str:
        """Of what was read since the beginning."""
        return self._hash.hexdigest()

    def read(self, size: int | None = -1, /) -> Any:
        if self._stop.is_set():
            raise KeyboardInterrupt  # an Exception would make the client try again
        data = super().read(-1 if size is None else size)
        self._hash.update(data or b"")
        self._sent(len(data or b""))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        before = self.tell()
        after = super().seek(offset, whence)
        if after == 0:
            self._hash = hashlib.sha256()
        self._sent(after - before)
        return after
