"""HTTP requests of the hot path, over kept-alive connections.

They cost about half of the CPU time of httpx (deploy/docs/decisions/0013-direct-http-requests.md).
"""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from pydantic_core import from_json
from urllib3.exceptions import HTTPError, InvalidHeader, ProtocolError

from ingest.environment import has_own_certificates

IDLE_SECONDS = 2.0
"""Connections that are idle for longer are closed. Servers close theirs after 5 s, and a request would meet a closed one."""

_MAX_IDLE_CONNECTIONS = 20  # kept for the threads of one process; more are opened when they are needed
_BLOCK_BYTES = 64 * 1024

MAX_RESPONSE_BYTES = 128 * 2**20
"""The longest body when the caller names no bound: twice what 2,048 vectors of 4,096 dimensions take as text of numbers."""

_CLOSED_CONNECTION = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class InvalidUrl(Exception):
    """A URL or a header with which no request can be made."""


class NoResponse(Exception):
    """The server could not be reached, did not answer in time, or answered more than the caller accepts."""


@dataclass(frozen=True)
class Bounds:
    """What a response may take: a time of `time.monotonic()` by which it has arrived, and the bytes of its body."""

    deadline: float
    max_bytes: int


@dataclass(frozen=True)
class Response:
    """A server's response with any status. Keys of `headers` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the parsed body, which may contain NaN as Python's JSON does. Raises ValueError when it is not JSON."""
        return from_json(self.body)


class HttpPool:
    """Connections to one URL, for the threads of one process. They do not survive a fork.

    Uses the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), follows no redirects, and
    trusts the usual certificate authorities or those of SSL_CERT_FILE and SSL_CERT_DIR.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str], timeout_seconds: float, connect_seconds: float) -> None:
        self._url = url
        self._headers = {"user-agent": "ingest", "content-type": "application/json", **headers}
        self._timeout = urllib3.Timeout(connect=connect_seconds, read=timeout_seconds)
        self._read_seconds = timeout_seconds
        self._used_at = time.monotonic()

    def send(self, method: Literal["POST", "PUT"], body: bytes, bounds: Bounds | None = None) -> Response:
        """Send JSON and return the response, whatever its status. The server may get the request twice.

        Without `bounds`, the pool's timeout applies to each wait for bytes and to the body as a whole, which has
        MAX_RESPONSE_BYTES at most. Raises InvalidUrl or NoResponse.
        """
        try:
            if time.monotonic() - self._used_at > IDLE_SECONDS:
                self._connections.clear()
            try:
                return self._request(method, body, bounds)
            except ProtocolError as exc:
                if not isinstance(exc.args[-1], _CLOSED_CONNECTION):
                    raise
            return self._request(method, body, bounds)  # a server may close an idle connection at any moment
        except (ValueError, InvalidHeader) as exc:
            raise InvalidUrl(str(exc)) from exc
        except (HTTPError, OSError) as exc:
            raise NoResponse(f"{type(exc).__name__}: {exc}") from exc
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if "_connections" in vars(self):
            self._connections.clear()

    def _request(self, method: str, body: bytes, bounds: Bounds | None) -> Response:
        response = self._connections.urlopen(
            method,
            self._url,
            body=body,
            headers=self._headers,
            timeout=self._timeout if bounds is None else _timeout_until(bounds.deadline),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        if bounds is None:
            bounds = Bounds(time.monotonic() + self._read_seconds, MAX_RESPONSE_BYTES)
        return Response(response.status, response.headers, _read_within(response, bounds))

    @cached_property
    def _connections(self) -> urllib3.PoolManager:
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https"):
            raise InvalidUrl(f"{self._url} begins with neither http:// nor https://")
        authorities = None if has_own_certificates() else certifi.where()
        options: dict[str, Any] = {"maxsize": _MAX_IDLE_CONNECTIONS, "ca_certs": authorities}
        proxy = proxy_for(parts.scheme, parts.hostname or "")
        if proxy is None:
            return urllib3.PoolManager(**options)
        return urllib3.ProxyManager(proxy, proxy_headers=_proxy_credentials(proxy), **options)


def _timeout_until(deadline: float) -> urllib3.Timeout:
    seconds_left = deadline - time.monotonic()
    if seconds_left <= 0:
        raise NoResponse("no time is left for the request")
    return urllib3.Timeout(connect=seconds_left, read=seconds_left)


def _read_within(response: urllib3.BaseHTTPResponse, bounds: Bounds) -> bytes:
    """Return the body. Raises NoResponse at the deadline, also for a server that keeps sending single bytes.

    No request asks for a packed body, and none is unpacked: its length would not bound what it unpacks to.
    """
    received = bytearray()
    try:
        if (encoding := response.headers.get("content-encoding", "identity")) != "identity":
            raise NoResponse(f"the server packs its answers ({encoding[:40]}), although it is asked not to")
        while block := response.read1(_BLOCK_BYTES, decode_content=False):
            received += block
            if len(received) > bounds.max_bytes:
                raise NoResponse(f"the response is longer than {bounds.max_bytes} bytes")
            if time.monotonic() > bounds.deadline:
                raise NoResponse("the response took too long")
    except NoResponse:
        response.close()  # the rest of the body is unread, so the connection cannot be used again
        raise
    response.release_conn()
    return bytes(received)


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the environment's proxy for a host, or None without one or when the host is exempt."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _proxy_credentials(proxy: str) -> Mapping[str, str] | None:
    parts = urlsplit(proxy)
    if parts.username is None:
        return None
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
