"""Requests of the hot path: over kept connections, at about half of what httpx asks of the processor."""

import http.client
import os
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

IDLE_SECONDS = 2.0
"""Servers close connections that are idle for 5 s: let go first, or a request meets a closed one."""

_CONNECTIONS = 20  # kept for the threads of one process; more are opened when they are needed
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class BadAddress(Exception):
    """An address, or a header for it, that no request can be made of."""


class NoAnswer(Exception):
    """The server could not be reached, or fell silent."""


@dataclass(frozen=True)
class Answer:
    """What a server said, whatever its status. `headers` can be asked in any case."""

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
        """The body, which may have NaN in it as JSON of Python may; raises ValueError when it is not JSON."""
        return from_json(self.body)


class HttpPool:
    """Connections to one address, for the threads of one process; they do not survive a fork.

    Goes through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), follows no
    redirects, and trusts the usual authorities or those of SSL_CERT_FILE and SSL_CERT_DIR.
    """

    def __init__(self, url: str, *, headers: Mapping[str, str], timeout_seconds: float, connect_seconds: float) -> None:
        self._url = url
        self._headers = {"user-agent": "ingest", "content-type": "application/json", **headers}
        self._timeout = urllib3.Timeout(connect=connect_seconds, read=timeout_seconds)
        self._used_at = time.monotonic()

    def send(self, method: Literal["POST", "PUT"], body: bytes) -> Answer:
        """Send JSON, which may arrive twice. Raises BadAddress or NoAnswer; any status is an answer."""
        try:
            if time.monotonic() - self._used_at > IDLE_SECONDS:
                self._connections.clear()
            try:
                return self._sent(method, body)
            except ProtocolError as exc:
                if not isinstance(exc.args[-1], _CLOSED):
                    raise
            return self._sent(method, body)  # the server had closed this connection, as it may
        except (ValueError, InvalidHeader) as exc:
            raise BadAddress(str(exc)) from exc
        except (HTTPError, OSError) as exc:
            raise NoAnswer(f"{type(exc).__name__}: {exc}") from exc
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        if "_connections" in vars(self):
            self._connections.clear()

    def _sent(self, method: str, body: bytes) -> Answer:
        answer = self._connections.urlopen(
            method, self._url, body=body, headers=self._headers, timeout=self._timeout, retries=False, redirect=False
        )
        return Answer(answer.status, answer.headers, answer.data)

    @cached_property
    def _connections(self) -> urllib3.PoolManager:
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https"):
            raise BadAddress(f"{self._url} begins with neither http:// nor https://")
        authorities = None if "SSL_CERT_FILE" in os.environ or "SSL_CERT_DIR" in os.environ else certifi.where()
        options: dict[str, Any] = {"maxsize": _CONNECTIONS, "ca_certs": authorities}
        proxy = _proxy(parts.scheme, parts.hostname or "")
        if proxy is None:
            return urllib3.PoolManager(**options)
        return urllib3.ProxyManager(proxy, proxy_headers=_credentials(proxy), **options)


def _proxy(scheme: str, host: str) -> str | None:
    """The environment's proxy for a host, if there is one and the host is not exempt."""
    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _credentials(proxy: str) -> Mapping[str, str] | None:
    parts = urlsplit(proxy)
    if parts.username is None:
        return None
    return urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
