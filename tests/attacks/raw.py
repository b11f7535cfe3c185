"""Raw HTTP/1.1 over sockets: what no well-behaved client sends."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

ANSWER_SECONDS = 30.0
_PIECE = 1 << 20


@dataclass(frozen=True)
class Target:
    """The attacked API, and what the attacker has: a key, a read-only key, and objects of its own project."""

    host: str
    port: int
    key: str
    read_key: str
    store: str
    batch: str
    file: str

    def connect(self, seconds: float = ANSWER_SECONDS) -> socket.socket:
        """Open a connection. Raises OSError."""
        return socket.create_connection((self.host, self.port), timeout=seconds)

    def head(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, *, key: str | None = None
    ) -> bytes:
        """Return the head of a request with a key ("" for none) and these headers."""
        secret = self.key if key is None else key
        lines = {"Host": f"{self.host}:{self.port}", **({"Authorization": f"Bearer {secret}"} if secret else {})}
        lines |= headers or {}
        return (f"{method} {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items()) + "\r\n").encode()

    def post(self, path: str, body: bytes, *, key: str | None = None, content_type: str = "application/json") -> int:
        """Send a request with a body and return its status."""
        headers = {"Content-Type": content_type, "Content-Length": str(len(body)), "Connection": "close"}
        return self.exchange(self.head("POST", path, headers, key=key), body)

    def post_json(self, path: str, content: Any) -> int:
        """Send JSON and return the status."""
        return self.post(path, json.dumps(content).encode())

    def client(self) -> httpx.Client:
        """Return an ordinary client with the attacker's key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=f"http://{self.host}:{self.port}", headers=headers, timeout=ANSWER_SECONDS)

    def exchange(self, *parts: bytes) -> int:
        """Send bytes in a connection of their own and return the status: 0 if the server closes without an answer."""
        with suppress(OSError), self.connect() as connection:
            with suppress(OSError):  # a server may answer and close before it has read everything
                for part in parts:
                    for start in range(0, len(part), _PIECE):
                        connection.sendall(part[start : start + _PIECE])
            return status_of(connection)
        return 0


def status_of(connection: socket.socket) -> int:
    """Read the answer's first line and return its status, or 0."""
    with suppress(OSError, ValueError, IndexError):
        return int(connection.recv(64).split(b" ", 2)[1])
    return 0


def repeatedly(action: Callable[[], int], *, threads: int, seconds: float) -> list[int]:
    """Call an action in several threads until the time is over, and return all statuses."""
    statuses: list[int] = []
    end = time.monotonic() + seconds

    def run() -> None:
        while time.monotonic() < end:
            statuses.append(action())

    _join([threading.Thread(target=run, daemon=True) for _ in range(threads)])
    return statuses


def at_once(actions: list[Callable[[], int]]) -> list[int]:
    """Call each action in a thread of its own, and return the statuses."""
    statuses: list[int] = []
    _join([threading.Thread(target=lambda a=action: statuses.append(a()), daemon=True) for action in actions])
    return statuses


def _join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def connections(target: Target, count: int) -> Iterator[list[socket.socket]]:
    """Open up to this many connections, as many as the server takes, and close them at the end."""
    opened: list[socket.socket] = []
    try:
        with suppress(OSError):
            while len(opened) < count:
                opened.append(target.connect(seconds=2))
        yield opened
    finally:
        for connection in opened:
            connection.close()


def send_slowly(opened: list[socket.socket], content: bytes, *, seconds: float, pause: float = 0.2) -> None:
    """Send one byte of the content on every connection after each pause, until the time is over."""
    end = time.monotonic() + seconds
    for byte in content:
        for connection in opened:
            with suppress(OSError):
                connection.send(bytes([byte]), socket.MSG_DONTWAIT)
        if time.monotonic() >= end:
            return
        time.sleep(pause)
