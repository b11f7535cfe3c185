"""The end of requests that nobody waits for: a request without a response in time is answered 503, whatever its handler
waits for, and one whose client has left is cancelled."""

import asyncio
import re
import time

from anyio import CancelScope
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors.responses import unavailable_response
from ingest.observability import logs
from ingest.runtime.cancellation import Cancellation

TIMEOUT_SECONDS = 9.0
"""From the last byte of the request to the first byte of the response; the service promises 10 seconds to clients."""

SECONDS_PER_MIB = 10.0
"""Extra time for each MiB of the body: files are written to blob storage, and a list of 100,000 ids is 4 MiB."""

RETRY_AFTER_SECONDS = 5

WATCHED_AFTER_SECONDS = 0.25
"""Most requests have their answer before, and cost no second task."""

_UNBOUNDED = re.compile(r"POST /v1/uploads/[^/]+/complete")
"""Requests without a deadline: they move gigabytes. Each call of a dependency has its own timeout."""

_log = logs.RepeatedRecords(logs.get(__name__))


class DeadlineMiddleware:
    """Answers 503 instead of a handler that exceeds its deadline. Nothing is rolled back: the client retries.

    A handler that waits for a place or a thread is cancelled. A running one that only reads stops at its next check
    (ingest/runtime/cancellation.py); others go on, and their response is dropped. A retry is safe: each change is one
    transaction and is idempotent or fails (a second deletion is a 404). The exception is a create, which may leave a second,
    unused object.
    """

    def __init__(
        self, inner: ASGIApp, timeout_seconds: float = TIMEOUT_SECONDS, seconds_per_mib: float = SECONDS_PER_MIB
    ) -> None:
        self._inner = inner
        self._timeout_seconds = timeout_seconds
        self._seconds_per_mib = seconds_per_mib
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _UNBOUNDED.fullmatch(f"{scope['method']} {scope['path']}"):
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(receive, send, has_body=_has_body(scope))
        task = asyncio.create_task(exchange.run(self._inner, scope))
        self._running.add(task)  # the event loop holds only a weak reference
        task.add_done_callback(self._running.discard)
        try:
            while not task.done():
                remaining_seconds = exchange.waiting_since + self._timeout_of(exchange) - time.monotonic()
                if exchange.has_response_started or exchange.is_receiving:
                    remaining_seconds = self._timeout_seconds
                elif exchange.is_client_gone:
                    exchange.abandon()
                    return
                elif remaining_seconds <= 0:
                    await self._answer_unavailable(exchange, scope, receive)
                    return
                await exchange.wait(task, remaining_seconds)
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            exchange.stop_watching()
        task.result()

    def _timeout_of(self, exchange: "_Exchange") -> float:
        return self._timeout_seconds + self._seconds_per_mib * exchange.received_bytes / 2**20

    async def _answer_unavailable(self, exchange: "_Exchange", scope: Scope, receive: Receive) -> None:
        _log.warning("request_too_slow", method=scope["method"], path=scope["path"])
        exchange.abandon()
        response = unavailable_response("The service could not answer in time. Try again.", RETRY_AFTER_SECONDS)
        await response(scope, receive, exchange.send)


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


class _Exchange:
    """Progress of one request and its response."""

    def __init__(self, receive: Receive, send: Send, *, has_body: bool = True) -> None:
        self.send = send
        self.received_bytes = 0
        self.waiting_since = time.monotonic()
        self.is_receiving = False
        self.has_response_started = False
        self._receive = receive
        self._is_request_complete = not has_body
        self._empty_body: Message | None = (
            None if has_body else {"type": "http.request", "body": b"", "more_body": False}
        )
        self._is_abandoned = False
        self._scope = CancelScope()
        self._cancellation = Cancellation()
        self._watch: asyncio.Task[Message] | None = None

    @property
    def is_client_gone(self) -> bool:
        """Whether the client closed its connection while the handler was watched."""
        return self._watch is not None and self._watch.done()

    async def run(self, inner: ASGIApp, scope: Scope) -> None:
        self._cancellation.bind()
        try:
            with self._scope:
                await inner(scope, self._receive_and_track, self._send_unless_abandoned)
        except Exception:
            if not self._is_abandoned:
                raise
            _log.exception("late_request_crashed", method=scope["method"], path=scope["path"])

    def abandon(self) -> None:
        """Drop the response of the handler, cancel it unless it runs in a thread, and ask its thread to stop."""
        self._is_abandoned = True
        self._cancellation.cancel()
        self._scope.cancel()

    async def wait(self, handler: asyncio.Task[None], seconds: float) -> None:
        """Wait until the handler ends or the client leaves, for at most `seconds`; returns earlier for a first look."""
        if self._watch is None and self._is_request_complete and not self.has_response_started:
            done, _ = await asyncio.wait({handler}, timeout=min(seconds, WATCHED_AFTER_SECONDS))
            if not done and not self.has_response_started:
                self._watch = asyncio.create_task(self._receive_disconnect())
            return
        watched = {handler} if self._watch is None or self._watch.done() else {handler, self._watch}
        await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    def stop_watching(self) -> None:
        """Stop waiting for the client to leave."""
        if self._watch is not None:
            self._watch.cancel()

    async def _receive_disconnect(self) -> Message:
        while (message := await self._receive())["type"] != "http.disconnect":
            pass
        return message

    async def _receive_and_track(self) -> Message:
        if self._is_abandoned:
            return {"type": "http.disconnect"}
        if self._empty_body is not None:  # a watch may have read the server's own message
            message, self._empty_body = self._empty_body, None
            return message
        if self._watch is not None:
            return await asyncio.shield(self._watch)
        self.is_receiving = not self._is_request_complete
        try:
            message = await self._receive()
        finally:
            self.is_receiving = False
        if not self._is_request_complete:
            self.waiting_since = time.monotonic()
            self.received_bytes += len(message.get("body", b""))
            self._is_request_complete = not message.get("more_body", False)
        return message

    async def _send_unless_abandoned(self, message: Message) -> None:
        if self._is_abandoned:
            return
        self.has_response_started = True
        await self.send(message)
