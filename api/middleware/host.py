"""The refusal of requests whose Host or Origin is no valid one, before anything parses it."""

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors.responses import error_response
from ingest.observability import logs

_NAME = r"[A-Za-z0-9._~!$&'()*+,;=%-]+"
_AUTHORITY = re.compile(rf"(?:(?P<name>{_NAME})|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>\d{{0,5}}))?")
"""Host and port (RFC 3986 section 3.2). Without user names, zones of IPv6 and future kinds of addresses: no client sends them."""

MAX_PORT = 65_535

_log = logs.RepeatedRecords(logs.get(__name__))


class HostMiddleware:
    """Answers 400 to a request without exactly one valid Host (RFC 9112 section 3.2), or with a malformed Origin."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = _find_fault(scope) if scope["type"] == "http" else None
        if fault is None:
            await self._inner(scope, receive, send)
            return
        _log.info("request_malformed", header=fault, path=scope["path"])
        await error_response(400, f"Invalid header '{fault}'.", code="invalid_header")(scope, receive, send)


def _find_fault(scope: Scope) -> str | None:
    """Return the name of the header that is wrong."""
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    may_be_absent = scope.get("http_version") in ("0.9", "1.0")
    if len(hosts) > 1 or (not hosts and not may_be_absent) or not all(map(is_valid_authority, hosts)):
        return "Host"
    origins = headers.getlist("origin")
    return None if len(origins) <= 1 and all(map(_is_valid_origin, origins)) else "Origin"


def is_valid_authority(text: str) -> bool:
    """Return whether a text is a host with an optional port."""
    match = _AUTHORITY.fullmatch(text)
    if match is None or int(match["port"] or 0) > MAX_PORT:
        return False
    if match["ipv6"] is None:
        return True
    try:
        ipaddress.IPv6Address(match["ipv6"])
    except ValueError:
        return False
    return True


def _is_valid_origin(text: str) -> bool:
    """Return whether a text is an origin (RFC 6454 section 6.2). One without a host is opaque, such as file://."""
    if text == "null":
        return True
    scheme, separator, authority = text.partition("://")
    is_scheme = re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) is not None
    return bool(separator) and is_scheme and (not authority or is_valid_authority(authority))
