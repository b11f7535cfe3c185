"""Request ids, security headers, the trace span of a request, and the answer to unexpected exceptions."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors.responses import error_response
from api.middleware.admission import API_PREFIXES
from api.middleware.request_metrics import route_pattern
from ingest import ids
from ingest.observability import logs, tracing

PAGE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"))
API_HEADERS = (*PAGE_HEADERS, (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"))
"""Responses of the API hold a project's data, so no cache may keep them."""

_log = logs.get(__name__)


class RequestIdMiddleware:
    """Adds a request id and security headers to every response, and answers unexpected exceptions with status 500.

    A handler for Exception would not do: Starlette raises the exception again after the response, and the server then
    closes the client's connection (deploy/docs/api-contract.md section 10).
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request_id = ids.new("req_")
        has_started = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                if span is not None:
                    span.update_name(f"{scope['method']} {route_pattern(scope)}")
                    span.set_attribute("http.response.status_code", message["status"])
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    *(API_HEADERS if scope["path"].startswith(API_PREFIXES) else PAGE_HEADERS),
                ]
            await send(message)

        parent = Headers(scope=scope).get("traceparent")
        with logs.bound_context(request=request_id), tracing.span(scope["method"], parent, request=request_id) as span:
            try:
                await self._inner(scope, receive, send_with_id)
            except Exception:
                _log.exception("request_crashed", method=scope["method"], path=scope["path"])
                if has_started:
                    raise
                response = error_response(500, "The server had an error while processing your request.")
                await response(scope, receive, send_with_id)
