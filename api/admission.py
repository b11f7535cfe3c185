"""Who may come in: every request under /v1 is a project's, by its key or because it needs none."""

import ipaddress
import re
from urllib.parse import urlsplit

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors
from ingest.db.tenancy import quotas
from ingest.errors import DependencyDown, Forbidden, RequestError
from ingest.services import Services
from ingest.tenancy import keys

API = "/v1/"
"""What is elsewhere (/health, /ready, /metrics, /docs, /openapi.json) tells nothing of any project."""

_IMPORTS = re.compile(r"/v1/vector_stores/[^/]+/import_schedules")
"""How they begin: whatever follows, even what routing forgives (a newline at the end), is one of them."""

FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Admission:
    """Asks for a key before anything of the body is read, and tells the routes on whose behalf they act."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API):
            try:
                admitted = await run_in_threadpool(_admit, scope)
            except RequestError as exc:
                await errors.refusal(exc)(scope, receive, send)
                return
            except DependencyDown as exc:
                await errors.waiting_for(exc)(scope, receive, send)
                return
            scope["caller"] = admitted.caller  # the same scope: routing writes its route there for metrics and traces
        await self._inner(scope, receive, send)


def _admit(scope: Scope) -> keys.Admitted:
    services: Services = scope["app"].state.services
    local = is_local(scope) and not services.settings.require_keys
    admitted = keys.admit(services.database, _bearer(Headers(scope=scope)), local=local)
    needed = needed_scope(scope["method"], scope["path"])
    if not admitted.may(needed):
        raise Forbidden(
            f"You have insufficient permissions for this operation. Missing scopes: {needed}.", code="missing_scope"
        )
    if admitted.caller.limits.requests_per_minute is not None:
        with services.database.transaction() as session:
            quotas.pace(session, admitted.caller)
    return admitted


def needed_scope(method: str, path: str) -> keys.Scope:
    """What a key must be good for: looking and searching, changing something, or having the service itself look at
    what it can reach."""
    if method in ("GET", "HEAD") or (method == "POST" and path.endswith("/search")):
        return "read"
    return "admin" if _IMPORTS.match(path) else "write"


def is_local(scope: Scope) -> bool:
    """Whether a request was surely made on this machine and by its user.

    Not one that a proxy passes on, nor one that a web page of somebody else made a browser send: that has a foreign
    Origin, or (if its name was made to lead here) a foreign Host.
    """
    headers = Headers(scope=scope)
    if scope.get("client") is None or any(name in headers for name in FORWARDED):
        return False
    named = [urlsplit(f"//{headers.get('host', '')}").hostname]
    if "origin" in headers:
        named.append(urlsplit(headers["origin"]).hostname)
    return all(map(_is_loopback, [scope["client"][0], *named]))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _bearer(headers: Headers) -> str | None:
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
