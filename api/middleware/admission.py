"""Admission of requests under /v1: API key, scope and rate limit of the project (deploy/docs/decisions/0006-projects-share-tables.md)."""

import ipaddress
import re
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.concurrency.request_classes import RequestLimits
from api.errors.responses import dependency_down_response, request_error_response
from ingest.db.tenancy import quotas
from ingest.errors import DependencyDown, Forbidden, RequestError, Unauthorised
from ingest.net.server.pacing import assign_connection
from ingest.services import Services
from ingest.tenancy import keys
from ingest.tenancy.key_memory import KeyMemory

API_PREFIXES = ("/v1/", "/mcp", "/retrieval")
"""Other paths (/health, /ready, /metrics, /docs, /openapi.json) show no data of a project and need no key."""

_IMPORT_SCHEDULES = re.compile(r"/v1/vector_stores/[^/]+/import_schedules")
"""Prefix match: routing ignores a trailing newline in a path, so an exact match would miss such a path."""

_READING_POSTS = ("/search", "/v1/embeddings", "/mcp", "/retrieval")

_FORWARDING_HEADER = re.compile(
    r"forwarded|via|cdn-loop|(?:cf|fly|fastly|akamai|x-akamai|x-azure|x-appengine|x-vercel|x-envoy|x-original|x-arr|x-forwarded)"
    r"(?:-.*)?|true-client-ip|client-ip|x-client-ip|x-cluster-client-ip|x-remote-ip|x-remote-addr|x-real-(?:ip|port|host)|"
    r"(?:wl-)?proxy-client-ip|x-proxyuser-ip|x-scheme|x-host|proxy-connection"
)
"""Names of headers that proxies, load balancers and content networks add."""

_MALFORMED = "malformed"

UNKNOWN_KEYS = "unknown keys"
"""Requests without a key, and with one that this process has not accepted yet, share the places of one project."""


class AdmissionMiddleware:
    """Authenticates a request before its body is read, and sets `scope["caller"]` for the routes."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._memories: WeakKeyDictionary[Services, KeyMemory] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(API_PREFIXES):
            try:
                principal = await self._admit(scope)
            except RequestError as exc:
                await request_error_response(exc)(scope, receive, send)
                return
            except DependencyDown as exc:
                await dependency_down_response(exc)(scope, receive, send)
                return
            assign_connection(scope, principal.caller.project)
            scope["caller"] = principal.caller  # no copy of the scope: routing writes the route into it
        await self._inner(scope, receive, send)

    async def _admit(self, scope: Scope) -> keys.Principal:
        """Return the principal of a request, in turn with the other projects. A guessed key is looked up once."""
        services: Services = scope["app"].state.services
        limits: RequestLimits = scope["app"].state.limits
        memory = self._memories.setdefault(services, KeyMemory())
        secret = _presented_key(scope)
        is_exempt = is_local(scope) and not services.settings.require_keys
        if (message := memory.refusal_of(secret, is_local=is_exempt)) is not None:
            raise Unauthorised(message, code="invalid_api_key")
        turn = limits.admission.enter(memory.project_of(secret) or UNKNOWN_KEYS)
        try:
            await turn.start()
            principal = await run_in_threadpool(_authorise, scope, secret, is_exempt)
        except Unauthorised as exc:
            memory.remember_refusal(secret, str(exc), is_local=is_exempt)
            raise
        finally:
            turn.leave()
        memory.remember_project(secret, principal.caller.project)
        return principal


def _authorise(scope: Scope, secret: str | None, is_exempt: bool) -> keys.Principal:
    services: Services = scope["app"].state.services
    principal = keys.authenticate(services.database, secret, is_local=is_exempt)
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

    `read` covers searches and embeddings too, and `/mcp`, because each request that a tool makes is admitted by itself.
    Changes of import schedules need `admin`, because the service itself reads their sources.
    """
    if method in ("GET", "HEAD") or (method == "POST" and path.endswith(_READING_POSTS)):
        return "read"
    return "admin" if _IMPORT_SCHEDULES.match(path) else "write"


def is_local(scope: Scope) -> bool:
    """Return whether a user of this machine certainly sent the request.

    False for a request that a proxy forwards: it has a header of one, or HTTP/1.0, which nginx speaks to its servers. False
    for one that a foreign web page makes the browser send: it has a foreign Origin, or a foreign Host if its name resolves to
    this machine (DNS rebinding). Never raises.
    """
    headers = Headers(scope=scope)
    if scope.get("client") is None or scope.get("http_version") in ("0.9", "1.0"):
        return False
    if any(map(_FORWARDING_HEADER.fullmatch, headers.keys())):
        return False
    hosts = [*(f"//{host}" for host in headers.getlist("host") or [""]), *headers.getlist("origin")]
    return _is_loopback(scope["client"][0]) and all(map(_is_loopback, map(_host_of, hosts)))


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _presented_key(scope: Scope) -> str | None:
    """Return the bearer token of a request, or the `api-key` of Azure's clients. All texts that are no key count as one."""
    headers = Headers(scope=scope)
    scheme, _, secret = headers.get("authorization", f"bearer {headers.get('api-key', '')}").partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not secret:
        return None
    return secret if keys.is_well_formed(secret) else _MALFORMED
