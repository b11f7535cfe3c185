"""Requests to servers that a client chose, which may do whatever they like."""

import gzip
import socket
import threading
import time
from collections.abc import Callable

import httpx
import psutil
import pytest

from ingest.net.egress_guard import AddressRefused, EgressPolicy, OutOfTime, Unreachable
from ingest.net.guarded_http import MAX_HEADER_BYTES, open_response
from tests.raw_server import Peer, RawServer, raw_server

POLICY = EgressPolicy(allow_private=True, permitting_setting="SETTING")
HEAD = b"HTTP/1.1 200 OK\r\n"
MIB = 2**20


def request(
    server: RawServer, *, seconds: float = 20, max_bytes: int = MIB, policy: EgressPolicy = POLICY, body: bytes = b""
) -> bytes:
    """Return the body of the response."""
    deadline = time.monotonic() + seconds
    method = "POST" if body else "GET"
    with open_response(policy, method, httpx.URL(server.url), headers={}, deadline=deadline, body=body) as response:
        assert response.status == 200
        return b"".join(response.blocks(max_bytes))


def answering(data: bytes) -> Callable[[Peer], object]:
    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    return answer


@pytest.mark.parametrize(
    "response",
    [
        HEAD + b"Content-Length: 4\r\n\r\nbody",
        HEAD + b"\r\nbody",  # until the end of the connection
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HEAD + b"Content-Length: 4\r\n\r\nbody",
        b"HTTP/1.0 200 OK\r\n\r\nbody",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"body", mtime=0),
        HEAD
        + b"Content-Encoding: gzip\r\n\r\n"
        + gzip.compress(b"bo", mtime=0)
        + gzip.compress(b"dy", mtime=0)
        + b"\0\0",
    ],
)
def test_a_body_arrives_whole_however_it_is_framed(response: bytes) -> None:
    with raw_server(answering(response)) as server:
        assert request(server) == b"body"


def test_a_request_asks_for_plain_bytes_and_names_the_host() -> None:
    requests: list[bytes] = []

    def answer(peer: Peer) -> None:
        requests.append(peer.read_request())
        peer.send(HEAD + b"Content-Length: 0\r\n\r\n")

    policy = EgressPolicy(allow_private=True, permitting_setting="SETTING", resolver=lambda *_: ["127.0.0.1"])
    with raw_server(answer) as server:
        url = httpx.URL(f"http://user:pass%20word@docs.example:{server.port}/a%20b?c=d")
        with open_response(policy, "GET", url, headers={"If-None-Match": "x"}, deadline=time.monotonic() + 20):
            pass

    lines = requests[0].decode().splitlines()
    assert lines[0] == "GET /a%20b?c=d HTTP/1.1"
    assert f"Host: docs.example:{server.port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert "Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in lines
    assert "If-None-Match: x" in lines


def trickles_headers(peer: Peer) -> None:
    peer.read_request()
    peer.trickle(HEAD + b"X: " + b"x" * 10_000, 0.05)


def trickles_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(HEAD + b"Content-Length: 100000\r\n\r\n")
    peer.trickle(b"x" * 10_000, 0.05)


def trickles_chunk_sizes(peer: Peer) -> None:
    peer.read_request()
    peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
    peer.trickle(b"x" * 10_000, 0.05)


def sends_interim_responses(peer: Peer) -> None:
    peer.read_request()
    while not peer.is_closing.wait(0.001):
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def is_silent(peer: Peer) -> None:
    peer.is_closing.wait(30)


@pytest.mark.parametrize(
    "answer", [trickles_headers, trickles_body, trickles_chunk_sizes, sends_interim_responses, is_silent]
)
def test_one_deadline_covers_the_whole_request(answer: Callable[[Peer], object]) -> None:
    """A timeout that starts anew with every byte would wait for minutes."""
    started = time.monotonic()
    with raw_server(answer) as server, pytest.raises(OutOfTime):
        request(server, seconds=0.5)

    assert time.monotonic() - started < 10


def test_the_deadline_covers_a_request_that_the_server_does_not_read() -> None:
    with raw_server(is_silent) as server, pytest.raises(OutOfTime):
        request(server, seconds=0.5, body=b"x" * 64 * MIB)


def test_the_deadline_covers_the_lookup_of_the_name() -> None:
    released = threading.Event()

    def resolve(*_: object) -> list[str]:
        released.wait(30)
        return ["127.0.0.1"]

    policy = EgressPolicy(allow_private=True, permitting_setting="SETTING", resolver=resolve)
    with (
        pytest.raises(OutOfTime, match="was not resolved in time"),
        open_response(policy, "GET", httpx.URL("http://slow.example/"), headers={}, deadline=time.monotonic() + 0.2),
    ):
        pass
    released.set()


def test_the_deadline_covers_tls() -> None:
    with (
        raw_server(is_silent) as server,
        pytest.raises(OutOfTime),
        open_response(
            POLICY, "GET", httpx.URL(f"https://127.0.0.1:{server.port}/"), headers={}, deadline=time.monotonic() + 0.5
        ),
    ):
        pass


def endless(head: bytes, block: bytes) -> Callable[[Peer], object]:
    """Send a block over and over again."""

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(head)
        while not peer.is_closing.is_set():
            peer.send(block)

    return answer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (endless(HEAD + b"X: ", b"x" * 65_536), "does not speak HTTP"),
        (endless(HEAD, b"X: y\r\n" * 10_000), "does not speak HTTP"),
        (endless(b"", b"x" * 65_536), "does not speak HTTP"),
        (endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 10_000), "does not speak HTTP"),
        (endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65_536), "does not speak HTTP"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), "only interim responses"),
        (
            endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
            "far more framing than content",
        ),
        (endless(HEAD + b"\r\n", b"x" * 65_536), "Larger than 1,048,576 bytes"),
        (endless(HEAD + b"Content-Length: 99999999999\r\n\r\n", b"x" * 65_536), "Larger than 1,048,576 bytes"),
    ],
)
def test_an_endless_response_ends_at_its_bound_and_costs_no_memory(
    answer: Callable[[Peer], object], reason: str
) -> None:
    before = psutil.Process().memory_info().rss
    with raw_server(answer) as server, pytest.raises(Unreachable, match=reason):
        request(server)

    assert server.peers[0].sent < 32 * MIB  # with what the buffers of both sockets hold
    assert psutil.Process().memory_info().rss - before < 64 * MIB


def test_headers_up_to_the_bound_are_accepted() -> None:
    long = b"X: " + b"x" * (MAX_HEADER_BYTES - 4096) + b"\r\n"
    with raw_server(answering(HEAD + long + b"Content-Length: 2\r\n\r\nok")) as server:
        assert request(server) == b"ok"


def test_a_bomb_is_unpacked_no_further_than_its_bound() -> None:
    bomb = gzip.compress(bytes(64 * MIB), 9)
    with raw_server(answering(HEAD + b"Content-Encoding: gzip\r\n\r\n" + bomb)) as server:
        with pytest.raises(Unreachable, match="Larger than"):
            request(server)
        with pytest.raises(Unreachable, match="far more bytes than it has"):
            request(server, max_bytes=512 * MIB)


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"compress"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: bytes) -> None:
    response = HEAD + b"Content-Encoding: " + encoding + b"\r\n\r\nbody"
    with raw_server(answering(response)) as server, pytest.raises(Unreachable, match="packs its answers"):
        request(server)


@pytest.mark.parametrize(
    "response",
    [
        HEAD + b"Content-Length: 10\r\n\r\nbody",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nbo",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"body", mtime=0)[:-9],
        HEAD + b"Content-Encoding: gzip\r\n\r\nbody",
        b"",
    ],
)
def test_a_body_that_is_cut_off_is_no_file(response: bytes) -> None:
    with raw_server(answering(response)) as server, pytest.raises(Unreachable):
        request(server)


def test_the_next_address_of_a_name_is_tried() -> None:
    policy = EgressPolicy(True, "SETTING", lambda *_: ["127.0.0.2", "127.0.0.1"])
    with raw_server(answering(HEAD + b"Content-Length: 2\r\n\r\nok")) as server:
        assert request(server, policy=policy) == b"ok"


def test_the_connected_address_is_checked_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Something between the check and the connection leads elsewhere."""
    received: list[bytes] = []
    connect = socket.create_connection
    with raw_server(lambda peer: received.append(peer.read_request())) as server:
        monkeypatch.setattr(
            socket,
            "create_connection",
            lambda *_, **options: connect(("127.0.0.1", server.port), **options),
        )
        policy = EgressPolicy(False, "SETTING", lambda *_: ["93.184.216.34"])

        with pytest.raises(AddressRefused, match=r"is at 127\.0\.0\.1, which is not public"):
            request(server, policy=policy)

    assert b"".join(received) == b""


def test_a_port_that_refuses_is_said(unused_port: int) -> None:
    with pytest.raises(Unreachable, match="Connection refused"):
        request(RawServer(unused_port))


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
