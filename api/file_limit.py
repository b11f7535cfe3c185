"""The size limit of routes that receive files: their bodies go to disk as they arrive."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.json_bodies.route import JsonRoute
from api.multipart import FormRequest
from ingest.errors import DependencyDown, TooLarge
from ingest.services import Services

FORM_OVERHEAD_BYTES = 2**16
"""What a multipart form may add to the file: boundaries, names and the other fields."""


def file_limit_route(max_bytes: Callable[[Services], int], param: str) -> type[JsonRoute]:
    """Return a route class that answers 413 to a file above `max_bytes`; `param` is the form field of the file.

    A request with a Content-Length is rejected before its body is read, any other one as soon as it exceeds the limit.
    The server reads and drops the rest of the body, so the client can reuse the connection.
    """

    class FileLimitRoute(JsonRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handle_within_limit(request: Request) -> Response:
                limit = max_bytes(cast(Services, request.app.state.services))
                too_large = TooLarge(f"File is too large: at most {limit:,} bytes are accepted.", param=param)
                content_length = request.headers.get("content-length", "")
                if content_length.isdecimal() and int(content_length[:20]) > limit + FORM_OVERHEAD_BYTES:
                    raise too_large
                received_bytes = 0

                async def receive() -> Message:
                    nonlocal received_bytes
                    message = await request.receive()
                    received_bytes += len(message.get("body", b""))
                    if received_bytes > limit + FORM_OVERHEAD_BYTES:
                        raise too_large
                    return message

                try:
                    return await handle(FormRequest(request.scope, receive))
                except HTTPException as exc:  # FastAPI wraps whatever fails while it reads a body
                    if isinstance(exc.__cause__, OSError):
                        raise DependencyDown("blobs", f"no room for the body: {exc.__cause__}") from exc
                    raise (too_large if exc.__cause__ is too_large else exc) from None

            return handle_within_limit

    return FileLimitRoute
