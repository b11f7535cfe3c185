"""A server with limits in a thread, a small application, and raw requests to it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ingest.net.server.limits import ServerLimits
from ingest.net.server.pacing import assign_connection
from ingest.net.server.server import LimitedServer, build_server
from tests.servers import wait_until

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"


@dataclass
class SmallApp:
    """Answers with the size of the body. `/wait` answers when `released` is set, and `/large` with `large_bytes`.

    The owner of a request is its header `owner`.
    """

    released: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    disconnects: int = 0
    large_bytes: int = 20 * 2**20

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        if owner := dict(scope["headers"]).get(b"owner"):
            assign_connection(scope, owner.decode())
        size, more = 0, True
        if scope["path"] != "/unread":
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.disconnects += 1
                    return
                size += len(message.get("body", b""))
                more = message.get("more_body", False)
        if scope["path"] == "/wait":
            while not self.released.is_set():
                await asyncio.sleep(0.01)
        body = b"x" * self.large_bytes if scope["path"] == "/large" else b"%d" % size
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(app: Any, limits: ServerLimits | None = None) -> Iterator[tuple[int, LimitedServer]]:
    """Run a server of an application and yield its port."""
    with serving_server(build_server(app, limits=limits, graceful_seconds=1, lifespan=False)) as running:
        yield running


@contextmanager
def serving_server(server: LimitedServer) -> Iterator[tuple[int, LimitedServer]]:
    """Run a server and yield its port."""
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, what="the start of the server")
    try:
        yield server.listener.sockets[0].getsockname()[1], server
    finally:
        server.should_exit = True
        thread.join()


def connect(port: int, seconds: float = 20) -> socket.socket:
    """Connect to the server."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def exchange(port: int, *parts: bytes) -> bytes:
    """Send raw bytes, and return what arrives until the server closes the connection."""
    with connect(port) as client:
        try:
            for part in parts:
                client.sendall(part)
        except OSError:
            pass  # the server has answered and closed already
        return receive_all(client)


def receive_all(client: socket.socket) -> bytes:
    """Return what arrives until the server closes the connection."""
    received = b""
    try:
        while block := client.recv(2**16):
            received += block
    except ConnectionResetError:
        pass
    return received


def status_of(response: bytes) -> int:
    """The status of a raw response; 0 if there is none."""
    return int(response[9:12]) if response else 0
