"""The size limit of request bodies that are read into memory."""

import re

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors.responses import error_response

_FILE_PATHS = re.compile(r"/v1/files|/v1/uploads/[^/]+/parts")
"""Paths whose multipart bodies go to disk as they arrive; api/file_limit.py bounds them."""


class BodyLimitMiddleware:
    """Answers 413 to a body above the setting `max_body_bytes`, before the body is parsed.

    The server reads and drops the rest of the body, so the client can reuse the connection.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_file_upload(scope):
            await self._inner(scope, receive, send)
            return
        max_bytes = scope["app"].state.services.settings.max_body_bytes
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
