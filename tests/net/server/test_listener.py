"""The number of connections: idle ones make room, and without room a client is told."""

import asyncio
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from ingest.net.server.connections import MAX_LEAVING, ConnectionTable
from ingest.net.server.limits import ServerLimits
from ingest.net.server.listener import EXHAUSTED_PAUSE_SECONDS, Listener
from tests.net.server.running import HEAD, POST, SmallApp, connect, exchange, receive_all, serving, status_of
from tests.servers import wait_until

REQUEST = HEAD + b"Connection: close\r\n\r\n"
WAITING = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"

pytestmark = pytest.mark.services


@contextmanager
def connected(port: int, count: int, sent: bytes = b"") -> Iterator[list[socket.socket]]:
    """Hold open connections that have sent some bytes."""
    clients = []
    try:
        for _ in range(count):
            clients.append(connect(port))
            clients[-1].sendall(sent)
        yield clients
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", HEAD + b"\r\n"])
def test_idle_connections_make_room_for_new_ones(sent: bytes) -> None:
    limits = ServerLimits(max_connections=10)
    with serving(SmallApp(), limits) as (port, server), connected(port, 60, sent):
        assert status_of(exchange(port, REQUEST)) == 200
        assert len(server.connections) <= 10


def test_a_connection_in_use_is_not_closed_for_others() -> None:
    app = SmallApp()
    with (
        serving(app, ServerLimits(max_connections=8)) as (port, _),
        connected(port, 4, WAITING) as busy,
        connected(port, 60),
    ):
        wait_until(lambda: app.requests == 4, what="the requests")
        app.released.set()
        assert [status_of(client.recv(100)) for client in busy] == [200] * 4


def test_connections_whose_clients_left_before_they_were_accepted_are_dropped() -> None:
    opened: list[asyncio.BaseTransport] = []

    class Opened(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            opened.append(transport)
            transport.close()

    async def accept_all(listening: socket.socket) -> None:
        limits = ServerLimits()
        listener = Listener([listening], ConnectionTable(limits, limits.max_connections), Opened)
        while not opened:
            await asyncio.sleep(0.01)
        listener.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with connected(port, 20, REQUEST):
            pass
        with connected(port, 1, REQUEST):
            asyncio.run(asyncio.wait_for(accept_all(listening), 60))
    assert len(opened) == 1


def test_without_room_the_project_with_the_most_connections_gives_one_up() -> None:
    app = SmallApp()
    slow = POST + b"owner: many\r\nContent-Length: 100000\r\n\r\n"
    few = POST + b"owner: few\r\nContent-Length: 2\r\n\r\n{"
    with (
        serving(app, ServerLimits(max_connections=8, behind_seconds=0)) as (port, server),
        connected(port, 1, few) as others,
        connected(port, 7, slow) as slow_ones,
    ):
        wait_until(lambda: app.requests == 8, what="the requests")

        assert [status_of(exchange(port, REQUEST)) for _ in range(6)] == [200] * 6
        assert len(server.connections) <= 8
        answer = receive_all(slow_ones[0])  # it has waited longest
        assert status_of(answer) == 503
        assert b"connection: close" in answer
        assert b"service_unavailable" in answer
        others[0].sendall(b"}")
        assert status_of(others[0].recv(100)) == 200


def test_without_room_a_project_that_waits_for_answers_gives_up_its_newest_request() -> None:
    app = SmallApp()
    waiting = b"GET /wait HTTP/1.1\r\nHost: localhost\r\nowner: many\r\n\r\n"
    with serving(app, ServerLimits(max_connections=8)) as (port, _), connected(port, 8, waiting) as waiting_ones:
        wait_until(lambda: app.requests == 8, what="the requests")

        assert status_of(exchange(port, REQUEST)) == 200
        assert status_of(receive_all(waiting_ones[7])) == 503
        app.released.set()
        assert [status_of(client.recv(100)) for client in waiting_ones[:7]] == [200] * 7


def test_without_room_and_with_one_connection_for_each_project_a_client_is_told_to_come_back() -> None:
    app = SmallApp()
    with ExitStack() as stack:
        port, _ = stack.enter_context(serving(app, ServerLimits(max_connections=8)))
        for number in range(8):
            waiting = b"GET /wait HTTP/1.1\r\nHost: localhost\r\nowner: %d\r\n\r\n" % number
            stack.enter_context(connected(port, 1, waiting))
        wait_until(lambda: app.requests == 8, what="the requests")

        answer = exchange(port, REQUEST)

        assert status_of(answer) == 503
        assert b"connection: close" in answer
        app.released.set()


def test_a_full_table_of_descriptors_is_no_end() -> None:
    app = SmallApp()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with serving(app) as (port, _), connect(port) as served, socket.socket() as waiting:
        served.sendall(WAITING)
        wait_until(lambda: app.requests == 1, what="the request")
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
        try:
            waiting.connect(("127.0.0.1", port))
            time.sleep(2 * EXHAUSTED_PAUSE_SECONDS)  # it cannot be accepted
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        waiting.sendall(REQUEST)
        waiting.settimeout(20)
        assert status_of(receive_all(waiting)) == 200
        app.released.set()


def test_more_connections_in_use_than_places_leave_no_more_open_than_places() -> None:
    app = SmallApp()
    slow = POST + b"owner: many\r\nContent-Length: 100000\r\n\r\n"
    with serving(app, ServerLimits(max_connections=8)) as (port, server), connected(port, 100, slow):
        assert status_of(exchange(port, REQUEST)) == 200
        assert len(server.server_state.connections) <= 8 + MAX_LEAVING


@pytest.mark.parametrize(("descriptors", "expected"), [(65_536, 2_048), (1_024, 768), (128, 64), (64, 8)])
def test_connections_leave_descriptors_to_everything_else(descriptors: int, expected: int) -> None:
    assert ServerLimits().within_descriptors(descriptors) == expected
