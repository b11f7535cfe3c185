"""Places for requests: how many of a project run at a time, and how many bytes of bodies are in flight."""

from collections.abc import AsyncIterator
from typing import cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.concurrency.body_bytes import BodyBytes
from api.concurrency.fair_limiter import Turn
from api.concurrency.request_classes import RequestLimits, class_of
from api.errors.responses import dependency_down_response, error_response, request_error_response
from api.json_bodies.reading import SCOPE_KEY, JsonBody, max_values_of
from ingest.errors import DependencyDown, RateLimited, RequestError


class ConcurrencyMiddleware:
    """Gives each request a place of its class before its handler gets a thread, and takes it back with the response.

    The body is read before: a slow client has no place while its bytes arrive. A request that exceeds what its project may
    have in flight is answered 429 before its body is read.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_class = class_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if request_class is None:
            await self._inner(scope, receive, send)
            return
        limits = cast(RequestLimits, scope["app"].state.limits)
        project = _project_of(scope)
        try:
            turn = limits.by_class[request_class].enter(project)
        except RateLimited as exc:
            await request_error_response(exc)(scope, receive, send)
            return
        body = _Body(scope, receive, limits.bodies, project)
        try:
            if request_class == "uploads" and body.is_form:
                await self._inner(scope, _starting(turn, receive), _stopping(turn, send))
            elif await body.read(send):
                await turn.start()
                await self._inner(scope, body.replay, _stopping(turn, send))
        finally:
            body.forget()
            turn.leave()


class _Body:
    """The body of one request, which was read. Forms with files are streamed to their handlers instead."""

    def __init__(self, scope: Scope, receive: Receive, in_flight: BodyBytes, project: str) -> None:
        headers = Headers(scope=scope)
        self.is_form = headers.get("content-type", "").lower().startswith("multipart/")
        self._is_empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        self._scope = scope
        self._receive = receive
        self._in_flight = in_flight
        self._project = project
        self._counted_bytes = 0
        self._body = JsonBody(max_values_of(scope["path"], scope["app"].state.services.settings))
        self._blocks: AsyncIterator[bytes] | None = None

    async def read(self, send: Send) -> bool:
        """Read the body. Returns whether the handler should run: answers itself if the body is refused."""
        if self._is_empty:
            return True
        try:
            await self._body.read(self._receive_blocks())
        except ClientDisconnect:
            return False
        except DependencyDown as exc:
            await dependency_down_response(exc)(self._scope, self._receive, send)
        except RequestError as exc:
            await request_error_response(exc)(self._scope, self._receive, send)
        except HTTPException as exc:  # from BodyLimitMiddleware, which FastAPI's handlers do not surround here
            await error_response(exc.status_code, str(exc.detail))(self._scope, self._receive, send)
        else:
            self._scope[SCOPE_KEY] = self._body
            self._blocks = self._body.replay()
            return True
        return False

    async def replay(self) -> Message:
        """Return the body again, for handlers that do not take it from the scope, and afterwards what the server says."""
        if self._blocks is None:
            return await self._receive()
        block = await anext(self._blocks, None)
        if block is None:
            self._blocks = None
            return {"type": "http.request", "body": b"", "more_body": False}
        return {"type": "http.request", "body": block, "more_body": True}

    def forget(self) -> None:
        """Delete the body, and stop counting its bytes."""
        self._body.close()
        if self._counted_bytes:
            self._in_flight.remove(self._project, self._counted_bytes)

    async def _receive_blocks(self) -> AsyncIterator[bytes]:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            block = message.get("body", b"")
            self._count(len(block))
            yield block
            if not message.get("more_body", False):
                return

    def _count(self, size: int) -> None:
        self._in_flight.add(self._project, size)
        self._counted_bytes += size


def _project_of(scope: Scope) -> str:
    """Return the project of a request, or the address of a client that needs no key."""
    if "caller" in scope:
        return cast(str, scope["caller"].project)
    return str((scope.get("client") or ("",))[0])


def _starting(turn: Turn, receive: Receive) -> Receive:
    """Return `receive` that waits for the place of a request with the last part of its body."""

    async def receive_and_start() -> Message:
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            await turn.start()
        return message

    return receive_and_start


def _stopping(turn: Turn, send: Send) -> Send:
    """Return `send` that gives the place back when the response begins: its handler has ended."""

    async def send_and_stop(message: Message) -> None:
        if message["type"] == "http.response.start":
            turn.stop()
        await send(message)

    return send_and_stop
