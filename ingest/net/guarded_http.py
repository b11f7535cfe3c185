"""HTTP requests to URLs that a client gave: only to public addresses, and within bounds whatever the server does.

One deadline covers the lookup of the name, the connection, TLS, the headers and the body. The socket's timeout is set
anew before every read, so a server that sends single bytes gains nothing. No proxy is used, because it would resolve
names itself, and no connection is kept, because it belongs to an address and not to a name.
"""

import base64
import contextlib
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

import certifi
import h11
import httpx

from ingest.environment import has_own_certificates
from ingest.net.egress_guard import EgressPolicy, OutOfTime, Unreachable
from ingest.net.unpacking import unpack

MAX_HEADER_BYTES = 64 * 1024
"""All headers of a response together, and those after a chunked body."""

MAX_INTERIM_BYTES = 4 * MAX_HEADER_BYTES
"""Interim responses (1xx) and the final headers together."""

MAX_FRAMING_RATIO = 4
"""Received bytes for each byte of the body, beside FREE_BYTES: chunks of single bytes cost a core and bring nothing."""

FREE_BYTES = 256 * 1024

CONNECT_SECONDS = 15.0
"""For one of the addresses of a name; the next one is tried then."""

_BLOCK_BYTES = 64 * 1024


@dataclass
class GuardedResponse:
    """The status line and the headers of a response; `blocks` reads its body."""

    status: int
    reason: str
    headers: Mapping[str, str]
    """Names are in lower case. Of several headers with one name, the first counts."""
    _exchange: "_Exchange" = field(repr=False)

    def blocks(self, max_bytes: int) -> Iterator[bytes]:
        """Yield the body in blocks, unpacked. Raises Unreachable when it is larger than `max_bytes`, or too slow."""
        yield from unpack(self._exchange.read_body(), self.headers.get("content-encoding", ""), max_bytes)


@contextmanager
def open_response(
    policy: EgressPolicy, method: str, url: httpx.URL, *, headers: Mapping[str, str], deadline: float, body: bytes = b""
) -> Iterator[GuardedResponse]:
    """Send a request and yield its response, whatever its status; redirects are not followed.

    `deadline` is a time of `time.monotonic()`. Raises Unreachable; OutOfTime at the deadline, also while the body is read.
    """
    if url.scheme not in ("http", "https") or not url.host or url.port == 0:
        raise Unreachable(f"Not an address on the web: {url}")
    with _connect(policy, url, deadline) as connection:
        exchange = _Exchange(connection, deadline)
        exchange.send(method, url.raw_path, _all_headers(url, headers, body), body)
        start = exchange.read_head()
        fields: dict[str, str] = {}
        for name, value in start.headers:
            fields.setdefault(name.decode("ascii"), value.decode("latin-1"))
        yield GuardedResponse(start.status_code, start.reason.decode("latin-1"), fields, exchange)


def _all_headers(url: httpx.URL, headers: Mapping[str, str], body: bytes) -> list[tuple[str, str]]:
    fields = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": "ingest",
        "Accept": "*/*",
        "Accept-Encoding": "identity",  # packed bodies cost memory and time that the length does not tell
        "Connection": "close",
    }
    if url.userinfo:
        credentials = f"{unquote(url.username)}:{unquote(url.password)}"
        fields["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode("ascii")
    if body:
        fields["Content-Length"] = str(len(body))
    return list((fields | dict(headers)).items())


class _Exchange:
    """One request and its response over a connection."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._socket = connection
        self._deadline = deadline
        self._received_bytes = 0
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)

    def send(self, method: str, target: bytes, headers: list[tuple[str, str]], body: bytes) -> None:
        with _translated():
            head = h11.Request(method=method, target=target, headers=headers)
            events: list[h11.Event] = [head, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
            unsent = memoryview(b"".join(self._http.send(event) or b"" for event in events))
            while unsent:
                self._socket.settimeout(_seconds_left(self._deadline))
                unsent = unsent[self._socket.send(unsent) :]

    def read_head(self) -> h11.Response:
        """Return the final status line and headers; interim responses are skipped."""
        while not isinstance(event := self._next_event(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise Unreachable("The server closed the connection without a response")
            if self._received_bytes > MAX_INTERIM_BYTES:
                raise Unreachable("The server sends only interim responses")
        return event

    def read_body(self) -> Iterator[bytes]:
        body_bytes = 0
        while isinstance(event := self._next_event(), h11.Data):
            body_bytes += len(event.data)
            if self._received_bytes > FREE_BYTES + MAX_FRAMING_RATIO * body_bytes:
                raise Unreachable("The server sends far more framing than content")
            yield bytes(event.data)

    def _next_event(self) -> object:
        with _translated():
            while (event := self._http.next_event()) is h11.NEED_DATA:
                self._socket.settimeout(_seconds_left(self._deadline))
                data = self._socket.recv(_BLOCK_BYTES)
                self._received_bytes += len(data)
                self._http.receive_data(data)
            _seconds_left(self._deadline)  # also for a server whose blocks are always there
            return event


@contextmanager
def _connect(policy: EgressPolicy, url: httpx.URL, deadline: float) -> Iterator[socket.socket]:
    """Connect to one of the addresses of a URL's host, all of which are allowed, and close the connection at the end."""
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = policy.addresses_of(url.host, port, deadline)
    connection = _connect_to_first(policy, url.host, addresses, port, deadline)
    try:
        if url.scheme == "https":
            with _translated():
                connection.settimeout(_seconds_left(deadline))
                connection = _tls_context().wrap_socket(connection, server_hostname=url.raw_host.decode("ascii"))
        yield connection
    finally:
        with contextlib.suppress(OSError):
            connection.close()


def _connect_to_first(
    policy: EgressPolicy, host: str, addresses: list[str], port: int, deadline: float
) -> socket.socket:
    """Return a connection to the first address that accepts one, after a check of where it really leads."""
    failure: Unreachable | None = None
    for address in addresses:
        try:
            with _translated():
                seconds = min(CONNECT_SECONDS, _seconds_left(deadline))
                connection = socket.create_connection((address, port), timeout=seconds)
        except Unreachable as exc:
            failure = exc
            continue
        try:
            policy.check(host, str(connection.getpeername()[0]))
        except OSError:
            connection.close()
            raise
        return connection
    raise failure or Unreachable("The name has no address")


@contextmanager
def _translated() -> Iterator[None]:
    """Raise Unreachable in place of errors of sockets, TLS and the protocol."""
    try:
        yield
    except Unreachable:
        raise
    except TimeoutError as exc:
        raise OutOfTime("The server did not answer in time") from exc
    except h11.RemoteProtocolError as exc:
        raise Unreachable(f"The server does not speak HTTP as it should: {exc}") from exc
    except h11.LocalProtocolError as exc:
        raise Unreachable(f"No request can be made: {exc}") from exc
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise Unreachable(f"{reason or exc or type(exc).__name__}") from exc


def _seconds_left(deadline: float) -> float:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise OutOfTime("No time is left for the request")
    return seconds


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=None if has_own_certificates() else certifi.where())
