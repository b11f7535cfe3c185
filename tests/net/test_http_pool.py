"""Requests over kept-alive connections, against real servers on this machine."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ingest.embedded.processes import free_port
from ingest.net.http_pool import IDLE_SECONDS, Bounds, HttpPool, InvalidUrl, NoResponse
from tests.raw_server import Peer, raw_server


@dataclass
class Server:
    """Records the requests and their connections, and answers as configured.

    A connection is closed without a response after `requests_per_connection` requests.
    """

    port: int = 0
    lines: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: list[object] = field(default_factory=list)
    status: int = 200
    requests_per_connection: int = 1_000
    body: bytes = b"ok"
    pause_seconds: float = 0.0
    """Before each byte of the body."""
    silent: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/here"


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        requests = 0

        def do_POST(self) -> None:
            self.do_PUT()

        def do_PUT(self) -> None:
            self.requests += 1
            state.lines.append(f"{self.command} {self.path}")
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            state.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            state.connections.append(self.client_address)
            if state.silent is not None:
                state.silent.wait(30)
            if state.silent is not None or self.requests > state.requests_per_connection:
                self.close_connection = True
                return
            self.send_response(state.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            if not state.pause_seconds:
                self.wfile.write(state.body)
                return
            for byte in state.body:
                time.sleep(state.pause_seconds)
                self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that does not trust it leaves
    state.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield state
    finally:
        if state.silent is not None:
            state.silent.set()
        server.shutdown()
        server.server_close()


def pool(url: str, *, seconds: float = 10, **headers: str) -> HttpPool:
    return HttpPool(url, headers=headers, timeout_seconds=seconds, connect_seconds=seconds)


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_request_is_sent_and_its_response_returned() -> None:
    with serving() as server:
        response = pool(server.url, authorization="Bearer key").send("PUT", b'{"a": 1}')

    assert (response.status, response.is_success, response.text, response.headers.get("LOCATION")) == (
        *(200, True, "ok"),
        "/elsewhere",
    )
    assert (server.lines, server.bodies) == (["PUT /here"], [b'{"a": 1}'])
    assert server.headers[0]["authorization"] == "Bearer key"
    assert server.headers[0]["content-type"] == "application/json"


def test_requests_share_a_connection() -> None:
    with serving() as server:
        http = pool(server.url)
        for _ in range(3):
            http.send("POST", b"{}")

    assert len(set(server.connections)) == 1


@pytest.mark.parametrize("status", [302, 307, 404, 503])
def test_any_status_is_returned_and_no_redirect_is_followed(status: int) -> None:
    with serving() as server:
        server.status = status

        assert pool(server.url).send("PUT", b"{}").status == status
        assert server.lines == ["PUT /here"]


def test_a_request_on_a_closed_connection_is_repeated_on_a_new_one() -> None:
    with serving() as server:
        server.requests_per_connection = 1
        http = pool(server.url)

        assert [http.send("PUT", b"{}").status for _ in range(3)] == [200, 200, 200]
        assert len(server.bodies) == 5
        assert len(set(server.connections)) == 3


def test_a_server_that_closes_every_connection_is_asked_twice_and_gives_no_response() -> None:
    with serving() as server:
        server.requests_per_connection = 0

        with pytest.raises(NoResponse, match="closed connection"):
            pool(server.url).send("PUT", b"{}")

        assert len(server.bodies) == 2


def test_a_connection_that_was_idle_for_long_is_not_reused() -> None:
    with serving() as server:
        http = pool(server.url)
        http.send("PUT", b"{}")
        time.sleep(IDLE_SECONDS + 0.1)
        http.send("PUT", b"{}")

    assert len(set(server.connections)) == 2


def test_a_silent_server_times_out_and_is_asked_once() -> None:
    with serving() as server:
        server.silent = threading.Event()
        started = time.monotonic()

        with pytest.raises(NoResponse, match="timed out"):
            pool(server.url, seconds=0.2).send("PUT", b"{}")

        assert time.monotonic() - started < 5
        assert len(server.bodies) == 1


def within(seconds: float, max_bytes: int = 100) -> Bounds:
    return Bounds(time.monotonic() + seconds, max_bytes)


def test_a_response_within_its_bounds_is_returned_and_keeps_the_connection() -> None:
    with serving() as server:
        server.body = b"x" * 100
        http = pool(server.url)

        assert [http.send("POST", b"{}", within(5)).body for _ in range(2)] == [b"x" * 100] * 2

    assert len(set(server.connections)) == 1


def test_a_response_longer_than_its_bound_is_refused_and_the_next_request_works() -> None:
    with serving() as server:
        http = pool(server.url)
        server.body = b"x" * 101
        with pytest.raises(NoResponse, match="longer than 100 bytes"):
            http.send("POST", b"{}", within(5))
        server.body = b"ok"

        assert http.send("POST", b"{}", within(5)).body == b"ok"


def test_a_server_that_sends_single_bytes_is_left_at_the_deadline() -> None:
    with serving() as server:
        server.body, server.pause_seconds = b"x" * 50, 0.05
        started = time.monotonic()

        with pytest.raises(NoResponse, match="too long"):
            pool(server.url).send("POST", b"{}", within(0.2))

        assert time.monotonic() - started < 1.5, "the whole body takes 2.5 s"


def test_a_silent_server_is_left_at_the_deadline() -> None:
    with serving() as server:
        server.silent = threading.Event()

        with pytest.raises(NoResponse, match="timed out"):
            pool(server.url).send("POST", b"{}", within(0.2))


def test_an_endless_response_ends_at_the_bound_of_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.net.http_pool.MAX_RESPONSE_BYTES", 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(head)
        while not peer.is_closing.is_set():
            peer.send(b"10000\r\n" + b"[" * 65_536 + b"\r\n")

    with raw_server(answer) as server, pytest.raises(NoResponse, match="longer than 1000000 bytes"):
        pool(server.url).send("POST", b"{}")


def test_a_packed_response_is_refused_without_unpacking_it() -> None:
    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb")

    with raw_server(answer) as server, pytest.raises(NoResponse, match="packs its answers"):
        pool(server.url).send("POST", b"{}")


def test_after_the_deadline_nothing_is_sent() -> None:
    with serving() as server:
        with pytest.raises(NoResponse, match="no time is left"):
            pool(server.url).send("POST", b"{}", within(0))

        assert server.bodies == []


def test_a_port_without_server_gives_no_response() -> None:
    with pytest.raises(NoResponse, match="refused"):
        pool(f"http://127.0.0.1:{free_port()}").send("PUT", b"{}")


@pytest.mark.parametrize("url", ["model/v1", "localhost:80/v1", "http://", "http://model:port", "ftp://model", ""])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidUrl):
        pool(url).send("PUT", b"{}")


def test_a_key_that_fits_in_no_header_is_refused() -> None:
    with serving() as server, pytest.raises(InvalidUrl):
        pool(server.url, authorization="Bearer a\nb").send("PUT", b"{}")


def test_a_closed_pool_opens_new_connections() -> None:
    with serving() as server:
        http = pool(server.url)
        http.close()
        http.send("PUT", b"{}")
        http.close()
        http.send("PUT", b"{}")

    assert len(set(server.connections)) == 2


@pytest.mark.parametrize(("name", "scheme"), [("http_proxy", ""), ("HTTP_PROXY", "http://"), ("all_proxy", "http://")])
def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, name: str, scheme: str) -> None:
    with serving() as proxy:
        monkeypatch.setenv(name, f"{scheme}me:p%40ss@127.0.0.1:{proxy.port}")

        assert pool("http://model.example/v1").send("POST", b"{}").status == 200

    assert proxy.lines == ["POST http://model.example/v1"]
    assert proxy.headers[0]["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_an_exempt_host_is_asked_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("no_proxy", "example.org,127.0.0.1")

    with serving() as server:
        assert pool(server.url).send("PUT", b"{}").status == 200


def test_only_known_certificate_authorities_are_trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    with serving(context) as server:
        url = f"https://127.0.0.1:{server.port}/here"
        with pytest.raises(NoResponse, match="CERTIFICATE_VERIFY_FAILED"):
            pool(url).send("PUT", b"{}")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert pool(url).send("PUT", b"{}").status == 200

    assert server.lines == ["PUT /here"]


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
