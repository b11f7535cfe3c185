"""The size limits of request bodies, by route. Files have limits of their own."""

import re
from typing import cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors.responses import error_response
from ingest.services import Services

_FILE_PATHS = re.compile(r"/v1/files|/v1/uploads/[^/]+/parts")
"""Paths whose multipart bodies go to disk as they arrive; api/file_limit.py bounds them."""


_SEARCHES = re.compile(r"/v1/vector_stores/[^/]+/search")
_BATCHES = re.compile(r"/v1/vector_stores/[^/]+/file_batches")

MAX_SEARCH_BYTES = 4 * 2**20
MAX_OTHER_BYTES = 2**20
"""Of all bodies but those of searches and batches. The longest one is the golden queries of a gate."""


def max_bytes_of(path: str, max_body_bytes: int) -> int:
    """Return how long the body of a request may be. The setting `max_body_bytes` is that of batches, and bounds all."""
    if _BATCHES.match(path):  # routing forgives a newline at the end
        return max_body_bytes
    return min(max_body_bytes, MAX_SEARCH_BYTES if _SEARCHES.match(path) else MAX_OTHER_BYTES)


class BodyLimitMiddleware:
    """Answers 413 to a body above the limit of its route, before the body is parsed.

    The server reads and drops 256 KiB of the rest, so after a shorter one the client can reuse the connection.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_file_upload(scope):
            await self._inner(scope, receive, send)
            return
        services = cast(Services, scope["app"].state.services)
        max_bytes = max_bytes_of(scope["path"], services.settings.max_body_bytes)
        message = f"Request body too large: at most {max_bytes:,} bytes are accepted."
        content_length = Headers(scope=scope).get("content-length", "")
        if content_length.isdecimal() and int(content_length[:20]) > max_bytes:
            await error_response(413, message)(scope, receive, send)
            return
        received_bytes = 0

        async def receive_within_limit() -> Message:
            nonlocal received_bytes
            part = await receive()
            received_bytes += len(part.get("body", b""))
            if received_bytes > max_bytes:
                raise HTTPException(413, message)
            return part

        await self._inner(scope, receive_within_limit, send)


def _is_file_upload(scope: Scope) -> bool:
    is_form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/form-data")
    return is_form and _FILE_PATHS.fullmatch(scope["path"]) is not None
