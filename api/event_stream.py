"""Server-sent events of batches.

One poll of the database serves all watched batches of the process, and each client receives only the latest state. A client
costs a connection and a coroutine. Nothing is sent and no thread is used while a batch does not change.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.concurrency.fair_limiter import largest_share
from api.errors.responses import unavailable_response
from api.schemas.file_batches import VectorStoreFileBatch
from ingest.db.models import FileBatch
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.services import Services
from ingest.stores import batches

_log = logs.get(__name__)

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
"""Time between comments while nothing changes: proxies close a connection that is silent for about a minute."""

SEND_TIMEOUT_SECONDS = 30.0
"""A client that reads nothing for this long is dropped."""

RETRY_AFTER_SECONDS = 5.0
LAST_EVENT_ID = "end"
"""Id of the last event of a stream. A client that reconnects with it has received everything."""


@dataclass
class WatchedBatch:
    """A batch with at least one subscriber; `latest` is None if the batch is gone."""

    latest: VectorStoreFileBatch | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    subscriber_count: int = 0

    def publish(self, latest: VectorStoreFileBatch | None) -> None:
        """Store the latest state, and wake the subscribers if it has changed in more than the time of the next try."""
        is_new = _facts(latest) != _facts(self.latest)
        self.latest = latest
        if is_new:
            self.changed.set()
            self.changed = asyncio.Event()


class BatchWatcher:
    """All watched batches of this process. Not thread-safe: use it on the event loop only."""

    def __init__(self) -> None:
        self._batches: dict[int, WatchedBatch] = {}
        self._poll_task: asyncio.Task[None] | None = None
        self._streams: Counter[str] = Counter()
        """Open streams by project."""

    @property
    def stream_count(self) -> int:
        """The number of open streams."""
        return self._streams.total()

    @contextmanager
    def reserve_stream(self, project: str, max_streams: int) -> Iterator[None]:
        """Count a stream of a project while the context lasts. Raises TooManyStreams."""
        share = min(max_streams, largest_share(max_streams))
        if self.stream_count >= max_streams:
            raise TooManyStreams(f"at most {max_streams:,} at a time")
        if self._streams[project] >= share:
            raise TooManyStreams(f"at most {share:,} of a project at a time")
        self._streams[project] += 1
        try:
            yield
        finally:
            self._streams[project] -= 1
            if not self._streams[project]:
                del self._streams[project]

    @asynccontextmanager
    async def watch(self, services: Services, batch: FileBatch) -> AsyncIterator[WatchedBatch]:
        """Keep a batch up to date until the context ends."""
        watched = self._batches.setdefault(batch.row, WatchedBatch(VectorStoreFileBatch.from_row(batch)))
        watched.subscriber_count += 1
        if self._poll_task is None:
            self._poll_task = asyncio.create_task(self._poll(services))
        try:
            yield watched
        finally:
            watched.subscriber_count -= 1
            if not watched.subscriber_count:
                del self._batches[batch.row]
            if not self._batches:
                self._poll_task.cancel()
                self._poll_task = None

    async def _poll(self, services: Services) -> None:
        while True:
            try:
                rows = list(self._batches)
                answers = await run_in_threadpool(_read_answers, services, rows)
                for row in rows:
                    if watched := self._batches.get(row):  # its last subscriber may have left during the query
                        watched.publish(answers.get(row))
            except DependencyDown as exc:
                _log.warning("event_stream_poll_failed", dependency=exc.dependency, reason=str(exc))
            await asyncio.sleep(POLL_SECONDS)


def _read_answers(services: Services, rows: list[int]) -> dict[int, VectorStoreFileBatch]:
    """Return those of the batches that still exist, by row number."""
    return {row: _to_answer(services, batch) for row, batch in batches.get_by_rows(services, rows).items()}


def _to_answer(services: Services, batch: FileBatch) -> VectorStoreFileBatch:
    try:
        wait = services.waits.of_batch(batch)
    except DependencyDown:  # the batch is known, and the poll after an outage of the database tells what it waits for
        wait = None
    return VectorStoreFileBatch.from_row(batch, wait)


def _facts(batch: VectorStoreFileBatch | None) -> tuple[Any, ...] | None:
    """Return what makes two states of a batch differ for a subscriber.

    A time of the next try and a count of other batches would be an event at every poll.
    """
    if batch is None:
        return None
    wait = batch.waiting_details
    reason = None if wait is None or wait.dependency == "queue" else wait.reason
    return batch.status, batch.file_counts, wait and (wait.dependency, wait.since), reason


class TooManyStreams(Exception):
    """The process or the project has as many open streams as it may have."""


class EventStream(Response):
    """Streams the state of a batch of a project after each change, until the batch has ended."""

    def __init__(
        self, watcher: BatchWatcher, services: Services, project: str, batch: FileBatch, last_event_id: str | None
    ) -> None:
        super().__init__()
        self._watcher = watcher
        self._services = services
        self._project = project
        self._batch = batch
        self._last_event_id = last_event_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_ended = VectorStoreFileBatch.from_row(self._batch).status != "in_progress"
        if self._last_event_id == LAST_EVENT_ID and has_ended:
            await Response(status_code=204)(scope, receive, send)  # a browser then stops reconnecting
            return
        try:
            with self._watcher.reserve_stream(self._project, self._services.settings.max_event_streams):
                await self._stream_until_disconnect(receive, send)
        except TooManyStreams as exc:
            message = f"Too many clients follow batches: {exc}. Try again."
            await unavailable_response(message, RETRY_AFTER_SECONDS)(scope, receive, send)

    async def _stream_until_disconnect(self, receive: Receive, send: Send) -> None:
        with anyio.CancelScope() as stream_scope:
            async with anyio.create_task_group() as group:
                group.start_soon(self._cancel_on_disconnect, receive, stream_scope)
                await self._stream(send)
                group.cancel_scope.cancel()

    async def _cancel_on_disconnect(self, receive: Receive, stream_scope: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        stream_scope.cancel()

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with self._watcher.watch(self._services, self._batch) as watched:
            try:
                while True:
                    batch, changed = watched.latest, watched.changed
                    is_last = batch is None or batch.status != "in_progress"
                    await _send_body(send, _event(batch), more=not is_last)
                    if is_last:
                        return
                    while not changed.is_set():
                        try:
                            await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                        except TimeoutError:
                            await _send_body(send, b": still here\n\n", more=True)
            except SlowClient:
                _log.info("slow_client_dropped", batch=self._batch.id)


class SlowClient(Exception):
    """The client has read nothing for SEND_TIMEOUT_SECONDS."""


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # without it nginx delays events
]


async def _send_body(send: Send, data: bytes, *, more: bool) -> None:
    try:
        with anyio.fail_after(SEND_TIMEOUT_SECONDS):
            await send({"type": "http.response.body", "body": data, "more_body": more})
    except TimeoutError as exc:
        raise SlowClient from exc


def _event(batch: VectorStoreFileBatch | None) -> bytes:
    if batch is None:
        return _encode("gone", LAST_EVENT_ID, {})
    if batch.status != "in_progress":
        return _encode("end", LAST_EVENT_ID, batch.model_dump(mode="json"))
    counts = batch.file_counts
    event_id = f"{counts.completed}.{counts.failed}.{counts.cancelled}"
    return _encode("progress", event_id, batch.model_dump(mode="json"))


def _encode(name: str, event_id: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {name}\nid: {event_id}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
