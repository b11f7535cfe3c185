"""HTTP/1.1 on one connection: uvicorn's protocol with limits on everything that a client sends before a handler sees it."""

import time
from collections.abc import Callable
from typing import Any, Protocol

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

from ingest.net.server.framing import TOO_MANY_CONNECTIONS, Violation, check_framing, head_too_large, last_response
from ingest.net.server.limits import ServerLimits
from ingest.net.server.pacing import PacedHttpProtocol

HEAD_SLICE_BYTES = 8 * 2**10
BODY_SLICE_BYTES = 64 * 2**10
"""What the parser gets at a time, so that a limit is checked before the next slice is parsed."""

RenderError = Callable[[int, str], tuple[list[tuple[bytes, bytes]], bytes]]
"""Returns the headers and the body of an error response with a status and a message."""


class Registry(Protocol):
    """Knows the open connections."""

    def add(self, connection: "LimitedHttpProtocol") -> None: ...

    def mark_used(self, connection: "LimitedHttpProtocol") -> None: ...

    def discard(self, connection: "LimitedHttpProtocol") -> None: ...

    def report(self, connection: "LimitedHttpProtocol", status: int, reason: str) -> None: ...


class LimitedHttpProtocol(PacedHttpProtocol):
    """Refuses a request that exceeds ServerLimits, with an error response where the protocol still allows one.

    The registry calls `check_time` about twice a second.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        registry: Registry,
        limits: ServerLimits,
        render_error: RenderError,
    ) -> None:
        super().__init__(config, server_state, app_state, limits)
        self._registry = registry
        self._render_error = render_error
        self._ignores_input = False
        self._head_since: float | None = time.monotonic()
        """When the head began: None while the connection is idle between two requests."""
        self._has_received = False
        self._head_bytes = 0
        self._finished_requests = 0
        self._body_bytes = 0
        self._chunks = 0
        self._framing_bytes = 0
        """Bytes on the wire since the last byte of the body: sizes and extensions of chunks, and trailers."""
        self._drained_bytes = 0
        """Bytes of the body since its answer."""
        self._answered_since: float | None = None
        self._closing_since: float | None = None
        self._running: RequestResponseCycle | None = None

    # --- connection ---

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._registry.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._registry.discard(self)
        self._end_cycles()
        self.pipeline.clear()
        super().connection_lost(exc)

    def close_now(self) -> None:
        """Drop the connection with everything that is not sent yet."""
        self.transport.abort()

    def displace(self) -> None:
        """Close the connection for another one, with 503 if its answer has not begun."""
        self._ignores_input = True
        has_answer_begun = self._running is None or self._running.response_started
        self._end_cycles()
        if has_answer_begun:
            self.close_now()
        else:
            self._write_last(TOO_MANY_CONNECTIONS)

    # --- bytes ---

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._window_bytes += len(data)
        if self._ignores_input or self.transport.is_closing():
            if self._lingers_since is not None and self._window_bytes > self.limits.linger_bytes:
                self.flow.pause_reading()
            return
        self._has_received = True
        if not self._is_in_head and self.cycle.response_complete:
            self._drained_bytes += len(data)
            if self._drained_bytes > self.limits.linger_bytes:
                self._end_drain()
                return
        try:
            self._parse(memoryview(data))
        except Violation as exc:
            self._refuse(exc.status, str(exc))
        except httptools.HttpParserUpgrade:
            # Answer the request as plain HTTP. What follows belongs to the other protocol.
            self._ignores_input = True
            self.cycle.keep_alive = False
        except httptools.HttpParserError as exc:
            # What a callback raises arrives wrapped.
            violation = exc.__context__ if isinstance(exc.__context__, Violation) else None
            self._refuse(*((violation.status, str(violation)) if violation else (400, "Invalid HTTP request.")))

    def _parse(self, data: memoryview) -> None:
        while data and not self.transport.is_closing():
            size = HEAD_SLICE_BYTES if self._is_in_head else BODY_SLICE_BYTES
            piece, data = data[:size], data[size:]
            finished_requests, body_bytes = self._finished_requests, self._body_bytes
            if self._is_in_head and self._head_since is None:
                self._head_since = time.monotonic()
            self.parser.feed_data(piece)
            if self._is_in_head:
                is_new = self._finished_requests != finished_requests
                self._count_head(0 if is_new else len(piece))
            else:
                self._count_framing(len(piece), has_body=self._body_bytes != body_bytes)

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self.limits.head_bytes:
            raise head_too_large(self.limits)

    def _count_framing(self, size: int, *, has_body: bool) -> None:
        self._framing_bytes = 0 if has_body else self._framing_bytes + size
        if self._framing_bytes > self.limits.head_bytes:
            raise Violation(400, "Invalid HTTP request: too many bytes between the parts of the body.")

    # --- callbacks of the parser ---

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._body_bytes = self._chunks = self._framing_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            raise Violation(414, f"URL too long: at most {self.limits.url_bytes:,} bytes are accepted.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_head:
            return  # a trailer; uvicorn would add it to the headers, which a handler may be reading
        super().on_header(name, value)
        if len(self.headers) > self.limits.headers:
            raise head_too_large(self.limits)

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.head_bytes:
            raise head_too_large(self.limits)
        if len(self.pipeline) >= self.limits.pipelined_requests:
            raise Violation(400, "Too many pipelined requests.")
        check_framing(self.headers)
        super().on_headers_complete()
        self._registry.mark_used(self)
        self._is_in_head = False
        self._head_bytes = self._drained_bytes = 0
        self._head_since = self._answered_since = None
        self._window_since, self._window_bytes = time.monotonic(), 0

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > self.limits.free_chunks + self._body_bytes // self.limits.chunk_bytes:
            raise Violation(400, "Invalid HTTP request: the chunks of the body are too small.")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_head = True
        self._finished_requests += 1
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    # --- time ---

    def check_time(self, now: float) -> None:
        """Close the connection if it exceeds one of its times."""
        if self._lingers_since is not None:
            if now - self._lingers_since > self.limits.linger_seconds:
                self.close_now()
        elif self.transport.is_closing():
            self._closing_since = self._closing_since or now
            if now - self._closing_since > self.limits.close_seconds:
                self.close_now()
        elif self._write_paused_since is not None and now - self._write_paused_since > self.limits.write_seconds:
            if self._unread_bytes - self.unread_bytes < self.limits.window_bytes:
                self._registry.report(self, 0, "the client does not read its answer")
                self.close_now()
            self._write_paused_since, self._unread_bytes = now, self.unread_bytes
        elif self._is_in_head:
            self._check_head_time(now)
        else:
            self._check_body_time(now)

    def _check_head_time(self, now: float) -> None:
        if not self.is_idle or self._head_since is None or now - self._head_since <= self.limits.head_seconds:
            return
        if self._has_received:
            self._refuse(408, f"The request headers did not arrive within {self.limits.head_seconds:g} seconds.")
        else:
            self.transport.close()

    def _check_body_time(self, now: float) -> None:
        if self.cycle.response_complete:
            self._answered_since = self._answered_since or now
            if now - self._answered_since > self.limits.drain_seconds:
                self.close_now()
            return
        if not self._is_waiting_for_body:  # the client waits for the application
            self._window_since, self._window_bytes = now, 0
        elif now - self._window_since > self.limits.body_seconds:
            if self._window_bytes < self.limits.window_bytes:
                self._refuse(408, "The request body arrives too slowly.")
            self._window_since, self._window_bytes = now, 0

    # --- refusal ---

    def _refuse(self, status: int, message: str) -> None:
        """Answer with an error if no other answer is due on this connection, and close it."""
        self._ignores_input = True
        self._registry.report(self, status, message)
        if self._is_in_head and not self.is_idle:
            self.cycle.keep_alive = False  # the connection closes after the answers to the requests before this one
            self.flow.pause_reading()
            return
        if not self._is_in_head and (self.pipeline or self.cycle.response_started):
            self._end_cycles()
            self.close_now()
            return
        self._end_cycles()
        headers, body = self._render_error(status, message)
        self._write_last(last_response(status, [*self.server_state.default_headers, *headers], body))

    def _end_cycles(self) -> None:
        """Let the handlers of all requests see that their client is gone."""
        for cycle in (self._running, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:  # uvicorn tells the newest request only
                cycle.disconnected = True
                cycle.message_event.set()

    def _write_last(self, response: bytes) -> None:
        self.transport.write(response)
        self.transport.write_eof()
        self.flow.resume_reading()
        self._window_bytes = 0
        self._lingers_since = time.monotonic()

    def _end_drain(self) -> None:
        """Stop reading a body whose request is answered. The client may read the answer for a while."""
        self._ignores_input = True
        self._unset_keepalive_if_required()
        self.flow.pause_reading()
        self.transport.write_eof()
        self._lingers_since = time.monotonic()
