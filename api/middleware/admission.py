"""Admission of requests under /v1: API key, scope and rate limit of the project (deploy/docs/decisions/0006-projects-share-tables.md)."""

import ipaddress
import re
from urllib.parse import urlsplit

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors.responses import dependency_down_response, request_error_response
from ingest.db.tenancy import quotas
from ingest.errors import DependencyDown, Forbidden, RequestError
from ingest.services import Services
from ingest.tenancy import keys

API_PREFIXES = ("/v1/", "/mcp", "/retrieval")
"""Other paths (/health, /ready, /metrics, /docs, /openapi.json) show no data of a project and need no key."""

_IMPORT_SCHEDULES = re.compile(r"/v1/vector_stores/[^/]+/import_schedules")
"""Prefix match: routing ignores a trailing newline in a path, so an exact match would miss such a path."""

_READING_POSTS = ("/search", "/v1/embeddings", "/mcp", "/retrieval")

FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class AdmissionMiddleware:
    """Authenticates a request before its body is read, and sets `scope["caller"]` for the routes."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIXES):
            try:
                principal = await run_in_threadpool(_admit, scope)
            except RequestError as exc:
                await request_error_response(exc)(scope, receive, send)
                return
            except DependencyDown as exc:
                await dependency_down_response(exc)(scope, receive, send)
                return
            scope["caller"] = principal.caller  # no copy of the scope: routing writes the route into it
        await self._inner(scope, receive, send)


def _admit(scope: Scope) -> keys.Principal:
    services: Services = scope["app"].state.services
    is_exempt = is_local(scope) and not services.settings.require_keys
    principal = keys.authenticate(services.database, _bearer_token(Headers(scope=scope)), is_local=is_exempt)
    required_scope = required_scope_of(scope["method"], scope["path"])
    if not principal.has_scope(required_scope):
        raise Forbidden(
            f"You have insufficient permissions for this operation. Missing scopes: {required_scope}.",
            code="missing_scope",
        )
    if principal.caller.limits.requests_per_minute is not None:
        with services.database.transaction() as session:
            quotas.count_request(session, principal.caller)
    return principal


def required_scope_of(method: str, path: str) -> keys.Scope:
    """Return the scope that a request needs.

    `read` covers searches and embeddings too. The requests that an MCP tool makes are admitted one by one. Changes of import schedules need `admin`, because the service itself reads their sources.
    """
    if method in ("GET", "HEAD") or (method == "POST" and path.endswith(_READING_POSTS)):
        return "read"
    return "admin" if _IMPORT_SCHEDULES.match(path) else "write"


def is_local(scope: Scope) -> bool:
    """Return whether a user of this machine certainly sent the request.

    False for a request that a proxy forwards, and for one that a foreign web page makes the browser send: it has a
    foreign Origin, or a foreign Host if its name resolves to this machine (DNS rebinding).
    """
    headers = Headers(scope=scope)
    if scope.get("client") is None or any(header in headers for header in FORWARDING_HEADERS):
        return False
    hosts = [urlsplit(f"//{headers.get('host', '')}").hostname]
    if "origin" in headers:
        hosts.append(urlsplit(headers["origin"]).hostname)
    return all(map(_is_loopback, [scope["client"][0], *hosts]))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _bearer_token(headers: Headers) -> str | None:
    """Return the key of a request; clients for Azure send it as `api-key`."""
    if "authorization" not in headers:
        return headers.get("api-key")
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
