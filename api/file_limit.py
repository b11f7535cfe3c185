"""The size limit and the quota of routes that receive files: their bodies go to disk as they arrive."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.concurrency.request_classes import RequestLimits
from api.multipart import FormRequest
from ingest.caller import Caller
from ingest.db.tenancy import quotas
from ingest.errors import DependencyDown, QuotaExceeded, RequestError, TooLarge
from ingest.services import Services

FORM_OVERHEAD_BYTES = 2**16
"""What a multipart form may add to the file: boundaries, names and the other fields."""

SMALL_BYTES = 2**20
"""Bodies up to this size stay in memory until they are complete. Only their transaction looks at the quota."""


def file_limit_route(max_bytes: Callable[[Services], int], param: str) -> type[APIRoute]:
    """Return a route class that refuses a file above `max_bytes` (413) or above the quota of the project (429).

    `param` is the form field of the file. A request with a Content-Length is refused before its body is read, any other one
    as soon as it exceeds the limit. Of a refused body the server reads 256 KiB more, and then ends the connection.
    """

    class FileLimitRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_within_limit(request: Request) -> Response:
                limit = max_bytes(cast(Services, request.app.state.services))
                too_large = TooLarge(f"File is too large: at most {limit:,} bytes are accepted.", param=param)
                body = _FileBody(request, limit, too_large)
                try:
                    await body.refuse_announced()
                    return await handle(FormRequest(request.scope, body.receive))
                except HTTPException as exc:  # FastAPI wraps whatever fails while it reads a body
                    if isinstance(exc.__cause__, OSError):
                        raise DependencyDown("blobs", f"no room for the body: {exc.__cause__}") from exc
                    raise (exc.__cause__ if isinstance(exc.__cause__, RequestError) else exc) from None
                finally:
                    body.forget()

            return handle_within_limit

    return FileLimitRoute


class _FileBody:
    """The body of one upload as it arrives, within the size limit and the quota."""

    def __init__(self, request: Request, limit: int, too_large: TooLarge) -> None:
        content_length = request.headers.get("content-length", "")
        self._request = request
        self._limit = limit
        self._too_large = too_large
        self._caller = cast(Caller, request.scope["caller"])
        self._in_flight = cast(RequestLimits, request.app.state.limits).uploaded
        self._announced = int(content_length[:20]) if content_length.isdecimal() else None
        self._is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
        self._received = 0
        self._counted = 0
        self._room: int | None = None
        """Bytes that the quota leaves; None if it is unlimited, or not looked at before the transaction."""

    async def refuse_announced(self) -> None:
        """Refuse a body by its Content-Length, and count it as in flight. Raises TooLarge or QuotaExceeded."""
        size = self._announced
        if size is not None and size > self._limit + FORM_OVERHEAD_BYTES:
            raise self._too_large
        if self._is_form and (size is None or size > SMALL_BYTES) and self._caller.limits.stored_bytes is not None:
            self._room = await run_in_threadpool(self._read_room)
        self._count(size or 0)

    async def receive(self) -> Message:
        """Receive a part of the body. Raises TooLarge or QuotaExceeded."""
        message = await self._request.receive()
        self._received += len(message.get("body", b""))
        if self._received > self._limit + FORM_OVERHEAD_BYTES:
            raise self._too_large
        if self._room is not None and self._received > self._room + FORM_OVERHEAD_BYTES:
            raise QuotaExceeded(f"You exceeded your current quota: more than {self._room:,} bytes do not fit.")
        self._count(self._received - self._counted)
        return message

    def forget(self) -> None:
        """Stop counting the body as in flight."""
        self._in_flight.remove(self._caller.project, self._counted)

    def _count(self, size: int) -> None:
        if size > 0:
            self._in_flight.add(self._caller.project, size)
            self._counted += size

    def _read_room(self) -> int | None:
        """Return how many bytes fit beside those in flight. Raises QuotaExceeded if the announced ones do not."""
        services = cast(Services, self._request.app.state.services)
        others = self._in_flight.of_project(self._caller.project)
        announced = max(0, (self._announced or 0) - FORM_OVERHEAD_BYTES)
        with services.database.reading() as session:
            room = quotas.check_announced_bytes(session, self._caller, others + announced)
        return None if room is None else room - others
