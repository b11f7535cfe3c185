"""Every part of a request has a limit of bytes, and every wait for a client a limit of time."""

import http.client
import resource
import socket
from collections.abc import Iterator

import pytest

from ingest.net.server.limits import ServerLimits
from tests.net.server.running import HEAD, POST, SmallApp, connect, exchange, receive_all, serving, status_of
from tests.servers import wait_until

CLOSE = b"Connection: close\r\n"
CHUNKED = POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"
QUICK = ServerLimits(
    head_seconds=0.5,
    body_seconds=0.5,
    drain_seconds=0.5,
    write_seconds=0.5,
    close_seconds=0.5,
    linger_seconds=0.5,
)

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server with the usual limits."""
    with serving(SmallApp()) as (port, _):
        yield port


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([HEAD, CLOSE, b"x: ", b"a" * 60_000, b"\r\n\r\n"], 200),
        ([HEAD, CLOSE, b"x: ", b"a" * 66_000, b"\r\n\r\n"], 431),
        ([HEAD, b"x: ", *[b"a" * 2**20] * 64], 431),
        ([HEAD, *[b"a: b\r\n" * 100_000] * 10], 431),
        ([HEAD, CLOSE, b"a: b\r\n" * 200, b"\r\n"], 431),
        ([b"\r\n" * 2**20], 431),
        ([b"GET /", *[b"a" * 2**20] * 64], 414),
        ([b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"], 414),
        ([HEAD.replace(b"/ ", b"/" + b"a" * 16_000 + b" "), CLOSE, b"\r\n"], 200),
    ],
)
def test_the_head_of_a_request_is_bounded(port: int, parts: list[bytes], expected: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    assert status_of(exchange(port, *parts)) == expected
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([b"2\r\n{}\r\n0\r\n\r\n"], 200),
        ([b"2\r\n{}\r\n0\r\nname: value\r\n\r\n"], 200),
        ([b"2;", b"x" * 300_000, b"\r\n{}\r\n0\r\n\r\n"], 400),
        ([b"2\r\n{}\r\n0\r\n", b"name: " + b"x" * 300_000, b"\r\n\r\n"], 400),
        ([b"2\r\n{}\r\n0\r\n", b"name: value\r\n" * 30_000, b"\r\n"], 400),
        ([b"1\r\nx\r\n" * 20_000, b"0\r\n\r\n"], 400),
        ([b"10\r\n" + b"x" * 16 + b"\r\n"] * 20_000 + [b"0\r\n\r\n"], 200),
    ],
)
def test_what_surrounds_the_body_is_bounded(port: int, body: list[bytes], expected: int) -> None:
    assert status_of(exchange(port, CHUNKED, *body)) in {expected, 0 if expected != 200 else expected}


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Content-Length : 2\r\n",
        b"x\x00y: 2\r\n",
        b"no colon\r\n",
    ],
)
def test_a_request_whose_end_is_ambiguous_is_refused(port: int, head: bytes) -> None:
    assert status_of(exchange(port, POST, CLOSE, head, b"\r\n{}")) == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500,
        b"nonsense\r\n\r\n",
    ],
)
def test_what_is_no_request_is_answered_400_and_closed(port: int, raw: bytes) -> None:
    assert status_of(exchange(port, raw)) == 400


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_an_upgrade_is_answered_as_a_plain_request_and_closed(port: int, protocol: bytes) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"

    answer = exchange(port, HEAD, upgrade, b"\x81\x05hello" * 1_000)

    assert status_of(answer) == 200
    assert answer.count(b"HTTP/1.1") == 1


def test_a_connection_serves_one_request_after_the_other(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for size in (0, 10, 200_000):
        connection.request("POST", "/", b"x" * size)
        assert connection.getresponse().read() == b"%d" % size
    connection.close()


def test_some_requests_may_be_pipelined_and_no_more() -> None:
    app = SmallApp()
    with serving(app) as (port, _):
        few = exchange(port, (HEAD + b"\r\n") * 4 + HEAD + CLOSE + b"\r\n")
        assert few.count(b"HTTP/1.1 200") == 5

        with connect(port) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n" + (HEAD + b"\r\n") * 5_000)
            wait_until(lambda: app.requests == 6, what="the first request")
            app.released.set()
            assert receive_all(client).count(b"HTTP/1.1 200") <= 1 + ServerLimits().pipelined_requests


def test_headers_that_arrive_too_slowly_are_answered_408() -> None:
    with serving(SmallApp(), QUICK) as (port, _), connect(port) as client:
        client.sendall(HEAD)
        assert status_of(receive_all(client)) == 408


def test_a_connection_without_a_request_is_closed() -> None:
    with serving(SmallApp(), QUICK) as (port, _), connect(port) as client:
        assert receive_all(client) == b""


def test_a_body_that_trickles_is_answered_408_and_its_handler_ends() -> None:
    app = SmallApp()
    with serving(app, QUICK) as (port, _), connect(port) as client:
        client.sendall(POST + b"Content-Length: 1000\r\n\r\nabc")
        assert status_of(receive_all(client)) == 408
        wait_until(lambda: app.disconnects == 1, what="the end of the handler")


def test_the_rest_of_a_body_is_read_for_a_while_after_the_answer() -> None:
    with serving(SmallApp(), QUICK) as (port, _), connect(port) as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        assert status_of(client.recv(100)) == 200
        assert receive_all(client)[-1:] in (b"", b"0")


def test_after_its_answer_a_body_is_not_read_to_its_end() -> None:
    limits = ServerLimits(linger_bytes=2**18, linger_seconds=20)
    with serving(SmallApp(), limits) as (port, _), connect(port) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n")
        assert status_of(client.recv(100)) == 200
        client.settimeout(1)
        with pytest.raises(TimeoutError):  # what is not read fills the buffers of the system
            client.sendall(b"x" * 100_000_000)
        client.settimeout(20)
        assert receive_all(client)[-1:] in (b"", b"0")  # the server has sent its end


def test_a_client_that_does_not_read_its_answer_is_dropped() -> None:
    with serving(SmallApp(), QUICK) as (port, server), connect(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: len(server.connections) == 1, what="the connection")
        wait_until(lambda: len(server.connections) == 0, what="its end")


def test_answers_that_nobody_reads_are_bounded_in_all() -> None:
    limits = ServerLimits(unread_bytes=30 * 2**20, stalled_seconds=0.2)
    with serving(SmallApp(), limits) as (port, server):
        clients = [connect(port) for _ in range(5)]
        for client in clients:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: 0 < len(server.connections) <= 2, what="the end of the largest")
        for client in clients:
            client.close()


def test_handlers_of_pipelined_requests_end_with_their_connection() -> None:
    app = SmallApp()
    with serving(app) as (port, server):
        client = connect(port)
        client.sendall(POST + b"Content-Length: 1\r\n\r\n" + HEAD + b"\r\n" + HEAD[:10])
        wait_until(lambda: app.requests == 1, what="the first request")
        client.close()
        wait_until(lambda: not server.server_state.tasks, what="the end of all handlers")
