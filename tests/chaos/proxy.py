"""A TCP proxy with faults on demand, for use between two processes of the service."""

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["pass", "slow", "blackhole", "reset", "refuse", "error"]

HOST = "127.0.0.1"
SLOW_SECONDS = 0.05
"""Delay of every block of bytes in mode `slow`, in seconds."""

TICK_SECONDS = 0.05
BLOCK = 65_536
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass
class _Link:
    """A client's connection and the proxy's connection to the server behind it."""

    client: socket.socket
    server: socket.socket | None = None
    half_open: bool = False
    reset: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Forwards connections to a server on a port of this machine while its mode is `pass`.

    `slow` delays every block. `blackhole` forwards nothing and closes nothing; pending bytes arrive when it ends, as
    after a network partition. `error` answers every request with HTTP 500. `reset` resets every connection, and new
    ones right after accepting them. `refuse` closes the listening socket.
    """

    def __init__(self, port: int) -> None:
        self._target = (HOST, port)
        self._mode: Mode = "pass"
        self._links: list[_Link] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._listener: socket.socket | None = _listening(0)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def set(self, mode: Mode) -> None:
        """Switch to a mode."""
        with self._lock:
            self._mode = mode
            if mode == "refuse" and self._listener is not None:
                self._listener.close()
                self._listener = None
            elif mode != "refuse" and self._listener is None:
                self._listener = _listening(self.port)
            if mode in ("refuse", "reset"):
                self._reset_connections()

    def make_half_open(self) -> None:
        """Make every present connection half-open: it stays open and never forwards a byte again."""
        with self._lock:
            for link in self._links:
                link.half_open = True

    def close(self) -> None:
        """Reset every connection and close the listening socket."""
        self.set("refuse")
        self._closed.set()

    def _reset_connections(self) -> None:
        for link in self._links:
            link.reset.set()

    def _accept(self) -> None:
        while not self._closed.is_set():
            listener = self._listener
            try:
                if listener is None or not select.select([listener], [], [], TICK_SECONDS)[0]:
                    time.sleep(0 if listener else TICK_SECONDS)
                    continue
                link = _Link(listener.accept()[0])
            except (OSError, ValueError):  # closed by `set` concurrently
                continue
            with self._lock:
                self._links.append(link)
                if self._mode in ("refuse", "reset"):
                    link.reset.set()
            threading.Thread(target=self._forward_until_closed, args=(link,), name="link", daemon=True).start()

    def _forward_until_closed(self, link: _Link) -> None:
        try:
            while not link.reset.is_set():
                if self._is_blocked(link):
                    link.reset.wait(TICK_SECONDS)
                    continue
                if self._mode == "error":
                    if select.select([link.client], [], [], TICK_SECONDS)[0]:
                        if link.client.recv(BLOCK):
                            link.client.sendall(ERROR)
                        return
                    continue
                if link.server is None:
                    link.server = socket.create_connection(self._target, 5)
                    link.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    link.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not self._forward(link, link.server):
                    return
        except OSError:
            pass
        finally:
            with self._lock:
                self._links.remove(link)
            for end in (link.client, link.server):
                if end is not None:
                    _close(end, with_reset=link.reset.is_set())

    def _is_blocked(self, link: _Link) -> bool:
        return self._mode == "blackhole" or link.half_open

    def _forward(self, link: _Link, server: socket.socket) -> bool:
        """Forward the pending bytes and return whether both ends are still open."""
        client = link.client
        for ready in select.select([client, server], [], [], TICK_SECONDS)[0]:
            if self._is_blocked(link):  # the mode may have changed while waiting
                return True
            if not (block := ready.recv(BLOCK)):
                return False
            if self._mode == "slow":
                time.sleep(SLOW_SECONDS)
            (server if ready is client else client).sendall(block)
        return True


@contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    """Yield a proxy in front of a server on this machine."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()


def _listening(port: int) -> socket.socket:
    return socket.create_server((HOST, port), backlog=128)


def _close(end: socket.socket, *, with_reset: bool) -> None:
    with contextlib.suppress(OSError):
        if with_reset:  # SO_LINGER 0: close with RST instead of FIN
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
