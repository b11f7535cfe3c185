"""Server-sent events: one look at the database for all who follow batches, and to each only what is newest.

A follower costs a connection and a coroutine; while nothing changes, neither a thread nor the database has work with it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import errors
from api.schemas.file_batches import VectorStoreFileBatch
from ingest.db.models import FileBatch
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.services import Services
from ingest.stores import batches

_log = logs.get(__name__)

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
"""Proxies cut a connection that is silent for longer than a minute or so."""

READ_SECONDS = 30.0
"""A client that takes nothing for this long is let go."""

RETRY_AFTER_SECONDS = 5.0
LAST_ID = "end"
"""The id of the last event: whoever comes again with it has heard everything."""


@dataclass
class Followed:
    """A batch that somebody follows; None when it is gone."""

    latest: VectorStoreFileBatch | None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    followers: int = 0

    def tell(self, latest: VectorStoreFileBatch | None) -> None:
        if latest != self.latest:
            self.latest = latest
            self.changed.set()
            self.changed = asyncio.Event()


class Following:
    """All that is followed in this process. Used on the event loop only."""

    def __init__(self) -> None:
        self._batches: dict[int, Followed] = {}
        self._looking: asyncio.Task[None] | None = None
        self.followers = 0

    @asynccontextmanager
    async def follow(self, services: Services, batch: FileBatch) -> AsyncIterator[Followed]:
        """A batch that is kept up to date until the context ends."""
        followed = self._batches.setdefault(batch.row, Followed(VectorStoreFileBatch.of(batch)))
        followed.followers += 1
        self.followers += 1
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(services))
        try:
            yield followed
        finally:
            self.followers -= 1
            followed.followers -= 1
            if not followed.followers:
                del self._batches[batch.row]
            if not self._batches:
                self._looking.cancel()
                self._looking = None

    async def _look(self, services: Services) -> None:
        while True:
            try:
                asked = list(self._batches)
                now = await run_in_threadpool(batches.get_by_rows, services, asked)
                for row in asked:
                    if followed := self._batches.get(row):  # unless nobody follows it any more
                        followed.tell(VectorStoreFileBatch.of(now[row]) if row in now else None)
            except DependencyDown as exc:
                _log.warning("event_stream_blind", dependency=exc.dependency, reason=str(exc))
            await asyncio.sleep(LOOK_SECONDS)


class EventStream(Response):
    """A batch's counts, each time they have changed, until all its files have ended."""

    def __init__(self, all_followed: Following, services: Services, batch: FileBatch, last_id: str | None) -> None:
        super().__init__()
        self._all = all_followed
        self._tools = services
        self._batch = batch
        self._last_id = last_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._last_id == LAST_ID and VectorStoreFileBatch.of(self._batch).status != "in_progress":
            await Response(status_code=204)(scope, receive, send)  # a browser stops asking
            return
        if self._all.followers >= (most := self._tools.settings.max_event_streams):
            message = f"Too many clients follow batches: at most {most:,} at a time. Try again."
            await errors.unavailable(message, RETRY_AFTER_SECONDS)(scope, receive, send)
            return
        with anyio.CancelScope() as here:
            async with anyio.create_task_group() as group:
                group.start_soon(self._until_gone, receive, here)
                await self._speak(send)
                group.cancel_scope.cancel()

    async def _until_gone(self, receive: Receive, here: anyio.CancelScope) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        here.cancel()

    async def _speak(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        async with self._all.follow(self._tools, self._batch) as followed:
            try:
                while True:
                    batch, changed = followed.latest, followed.changed
                    over = batch is None or batch.status != "in_progress"
                    await _said(send, _event(batch), more=not over)
                    if over:
                        return
                    while not changed.is_set():
                        try:
                            await asyncio.wait_for(changed.wait(), HEARTBEAT_SECONDS)
                        except TimeoutError:
                            await _said(send, b": still here\n\n", more=True)
            except _Deaf:
                _log.info("follower_let_go", batch=self._batch.id)


class _Deaf(Exception):
    """The client does not read."""


_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # asks nginx to pass events on as they come
]


async def _said(send: Send, data: bytes, *, more: bool) -> None:
    try:
        with anyio.fail_after(READ_SECONDS):
            await send({"type": "http.response.body", "body": data, "more_body": more})
    except TimeoutError as exc:
        raise _Deaf from exc


def _event(batch: VectorStoreFileBatch | None) -> bytes:
    if batch is None:
        return _encoded("gone", LAST_ID, {})
    if batch.status != "in_progress":
        return _encoded("end", LAST_ID, batch.model_dump(mode="json"))
    counts = batch.file_counts
    return _encoded("progress", f"{counts.completed}.{counts.failed}.{counts.cancelled}", batch.model_dump(mode="json"))


def _encoded(kind: str, number: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {kind}\nid: {number}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
