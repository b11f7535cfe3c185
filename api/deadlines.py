"""No request hangs: what is not answered in time is answered 503, whatever its thread waits for."""

import asyncio
import re
import time

from anyio import CancelScope
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors
from ingest.observability import logs

PATIENCE_SECONDS = 9.0
"""From the last byte of the request to the first of the answer; clients are promised ten seconds."""

PATIENCE_SECONDS_PER_MIB = 10.0
"""And this much more for each MiB of the body: files go on to where they are kept, and 100,000 ids are four MiB."""

RETRY_AFTER_SECONDS = 5

_LARGE = re.compile(r"POST /v1/uploads/[^/]+/complete")
"""What moves gigabytes takes as long as it takes; each server that it needs is waited for within limits."""

_log = logs.get(__name__)


class InTime:
    """Answers for a handler that takes too long. What that does later is not undone: the client asks again.

    A handler that still waits for a thread is called off. One that runs goes on, and its answer is thrown away; every
    change a request makes is one transaction, and made again it leads to the same state or is refused (attaching twice
    is attaching once, deleting what is gone is a 404), except that a create may leave a second object that nobody uses.
    """

    def __init__(
        self, inner: ASGIApp, patience: float = PATIENCE_SECONDS, patience_per_mib: float = PATIENCE_SECONDS_PER_MIB
    ) -> None:
        self._inner = inner
        self._patience = patience
        self._patience_per_mib = patience_per_mib
        self._running: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _LARGE.fullmatch(f"{scope['method']} {scope['path']}"):
            await self._inner(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        task = asyncio.create_task(exchange.run(self._inner, scope))
        self._running.add(task)  # the loop itself would let it be collected
        task.add_done_callback(self._running.discard)
        try:
            while not task.done():
                left = exchange.waited_from + self._patience_for(exchange) - time.monotonic()
                if exchange.started or exchange.listening:
                    left = self._patience
                elif left <= 0:
                    await self._answer(exchange, scope, receive)
                    return
                await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError:
            task.cancel()
            raise
        task.result()

    def _patience_for(self, exchange: "_Exchange") -> float:
        return self._patience + self._patience_per_mib * exchange.received / 2**20

    async def _answer(self, exchange: "_Exchange", scope: Scope, receive: Receive) -> None:
        _log.warning("request_too_slow", method=scope["method"], path=scope["path"])
        exchange.give_up()
        answer = errors.unavailable("The service could not answer in time. Try again.", RETRY_AFTER_SECONDS)
        await answer(scope, receive, exchange.send)


class _Exchange:
    """One request and its answer, as far as they have come."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.send = send
        self.received = 0
        self.waited_from = time.monotonic()
        self.listening = False
        self.started = False
        self._receive = receive
        self._whole = False
        self._given_up = False
        self._scope = CancelScope()

    async def run(self, inner: ASGIApp, scope: Scope) -> None:
        try:
            with self._scope:
                await inner(scope, self._listen, self._speak)
        except Exception:
            if not self._given_up:
                raise
            _log.exception("late_request_crashed", method=scope["method"], path=scope["path"])

    def give_up(self) -> None:
        """Throw away what the handler still says, and stop it where that is possible."""
        self._given_up = True
        self._scope.cancel()

    async def _listen(self) -> Message:
        if self._given_up:
            return {"type": "http.disconnect"}
        self.listening = not self._whole
        try:
            message = await self._receive()
        finally:
            self.listening = False
        if not self._whole:
            self.waited_from = time.monotonic()
            self.received += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
        return message

    async def _speak(self, message: Message) -> None:
        if self._given_up:
            return
        self.started = True
        await self.send(message)
