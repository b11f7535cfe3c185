"""Uploads of many files at once, read piece by piece, that stop when the import does."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any

import openai

from ingest.cli.importing.sources import Failure, Source, printable, why

THREADS = 8
TICK_SECONDS = 0.25


@dataclass(frozen=True)
class Uploaded:
    """A file that the service holds now."""

    file_id: str
    source: Source


_Ended = Uploaded | Failure | BaseException


def upload(
    client: openai.OpenAI, sources: Sequence[Source], sent: Callable[[int], None]
) -> Iterator[Uploaded | Failure | None]:
    """Upload all; yield how each ended as it ends, and None whenever none did for a moment.

    `sent` is told of bytes as they leave, from several threads; a repeated upload takes back what it had told.
    Raises openai.APIConnectionError. Closing the iterator stops the uploads, those under way included.
    """
    stop = Event()
    todo: SimpleQueue[Source] = SimpleQueue()
    ended: SimpleQueue[_Ended] = SimpleQueue()
    for source in sources:
        todo.put(source)

    def work() -> None:
        try:
            while not stop.is_set():
                ended.put(_upload(client, todo.get_nowait(), sent, stop))
        except Empty:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again by the thread that waits
            ended.put(exc)

    # Not an executor: its threads would hold up the end of the program when a service has stopped answering.
    for _ in range(min(THREADS, len(sources))):
        Thread(target=work, daemon=True).start()
    try:
        left = len(sources)
        while left:
            result = _next(ended)
            if isinstance(result, BaseException):
                raise result
            left -= result is not None
            yield result
    finally:
        stop.set()


def reason(exc: openai.APIStatusError) -> str:
    """What the service says about a refusal, in one line."""
    body: Any = exc.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or f"The service answered {exc.status_code} {exc.response.reason_phrase}").strip()


def _next(ended: SimpleQueue[_Ended]) -> _Ended | None:
    try:
        return ended.get(timeout=TICK_SECONDS)
    except Empty:
        return None


def _upload(client: openai.OpenAI, source: Source, sent: Callable[[int], None], stop: Event) -> Uploaded | Failure:
    name = printable(os.path.basename(source.path))
    try:
        with _Reading(source.path, sent, stop) as file:
            size = os.fstat(file.fileno()).st_size
            try:
                return Uploaded(client.files.create(file=(name, file), purpose="assistants").id, source)
            except openai.APIConnectionError as exc:
                if isinstance(exc.__cause__, OSError):  # from reading the file; the network's are of another kind
                    raise exc.__cause__ from exc
                if os.fstat(file.fileno()).st_size != size:
                    return Failure(source.shown, "It changed while it was read")
                raise
    except OSError as exc:
        return Failure(source.shown, why(exc))
    except openai.APIStatusError as exc:
        return Failure(source.shown, reason(exc))


class _Reading(io.FileIO):
    """A file that tells how far it is read, and cannot be read on once the import stops."""

    def __init__(self, path: str, sent: Callable[[int], None], stop: Event) -> None:
        super().__init__(path)
        self._sent = sent
        self._stop = stop

    def read(self, size: int | None = -1, /) -> Any:
        if self._stop.is_set():
            raise KeyboardInterrupt  # an Exception would make the client try again
        data = super().read(-1 if size is None else size)
        self._sent(len(data or b""))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        before = self.tell()
        after = super().seek(offset, whence)
        self._sent(after - before)
        return after
