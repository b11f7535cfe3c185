"""A server on this machine that answers each connection with whatever bytes a test wants, for tests of clients."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answer = Callable[["Peer"], object]


@dataclass
class Peer:
    """One connection of a client. `is_closing` is set when the test ends."""

    connection: socket.socket
    is_closing: threading.Event
    sent: int = 0

    def read_request(self) -> bytes:
        """Read until the end of the headers."""
        data = b""
        while b"\r\n\r\n" not in data and (block := self.connection.recv(65_536)):
            data += block
        return data

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        self.sent += len(data)

    def trickle(self, data: bytes, seconds: float) -> None:
        """Send single bytes, with a pause between two."""
        for byte in data:
            if self.is_closing.wait(seconds):
                return
            self.send(bytes([byte]))


@dataclass
class RawServer:
    """Its port, and the connections that it accepted."""

    port: int
    peers: list[Peer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/file"


@contextmanager
def raw_server(answer: Answer, *, accepts: bool = True) -> Iterator[RawServer]:
    """Run a server that calls `answer` for each connection in a thread, and then closes the connection.

    Without `accepts` the server swallows: the kernel takes connections and nobody ever answers.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        server, is_closing = RawServer(listener.getsockname()[1]), threading.Event()

        def serve(peer: Peer) -> None:
            with peer.connection, contextlib.suppress(OSError):
                answer(peer)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    peer = Peer(connection, is_closing)
                    server.peers.append(peer)
                    threading.Thread(target=serve, args=(peer,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        if accepts:
            thread.start()
        try:
            yield server
        finally:
            is_closing.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for peer in server.peers:
                with contextlib.suppress(OSError):
                    peer.connection.shutdown(socket.SHUT_RDWR)
            if accepts:
                thread.join(5)


def swallowing() -> contextlib.AbstractContextManager[RawServer]:
    """Run a server that takes connections and never answers."""
    return raw_server(lambda peer: peer.is_closing.wait(60), accepts=False)
