"""Prometheus metrics of every request."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.observability import metrics

_METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS")


class RequestMetricsMiddleware:
    """Counts responses and measures the time until each begins, labelled by route pattern."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_and_measure(message: Message) -> None:
            if message["type"] == "http.response.start":
                labels = (_method(scope), route_pattern(scope))
                metrics.request_seconds.labels(*labels).observe(time.perf_counter() - started)
                metrics.requests.labels(*labels, str(message["status"])).inc()
            await send(message)

        await self._inner(scope, receive, send_and_measure)


def route_pattern(scope: Scope) -> str:
    """Return the path pattern of the request's route, and `unknown` for all others: clients must not create series."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
