"""Accepts connections: not more than there is room for, and also when no descriptor is left."""

import asyncio
import contextlib
import errno
import select
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence

from ingest.net.server.connections import ConnectionTable
from ingest.net.server.framing import TOO_MANY_CONNECTIONS
from ingest.observability import logs

ACCEPTS_PER_TURN = 16
"""After this many, other events have their turn. Descriptors of connections that were closed for new ones are free then."""

EXHAUSTED_PAUSE_SECONDS = 0.1
REFUSED_SECONDS = 1.0
MAX_REFUSED = 16
"""Refused connections stay open this long, and this many of them, so that their clients can read the answer."""

_LEFT = getattr(select, "POLLRDHUP", 0)
"""Linux reports a closed connection without reading what its client sent before."""

_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

_log = logs.RepeatedRecords(logs.get(__name__))


class Listener:
    """Serves listening sockets, with the interface of asyncio.Server that uvicorn uses."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: ConnectionTable,
        build_protocol: Callable[[], asyncio.Protocol],
    ) -> None:
        self.sockets = tuple(sockets)
        self._connections = connections
        self._build_protocol = build_protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._refused: deque[tuple[float, socket.socket]] = deque()
        self._is_closed = False
        for listening in self.sockets:
            listening.setblocking(False)
            self._watch(listening)

    def close(self) -> None:
        """Stop to accept, and close the listening sockets."""
        self._is_closed = True
        for listening in self.sockets:
            self._loop.remove_reader(listening.fileno())
            listening.close()
        self.drop_refused(0)

    async def wait_closed(self) -> None:
        """Do nothing: `close` has no rest to wait for."""

    def drop_refused(self, seconds: float = REFUSED_SECONDS) -> None:
        """Close the refused connections that are older than this."""
        oldest = time.monotonic() - seconds
        while self._refused and self._refused[0][0] <= oldest:
            self._refused.popleft()[1].close()

    def _watch(self, listening: socket.socket) -> None:
        if not self._is_closed:
            self._loop.add_reader(listening.fileno(), self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            if self._opening and not self._connections.has_room(len(self._opening)):
                return  # those that are opening may be idle in a moment, and can be closed then
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as exc:
                if exc.errno not in _NO_DESCRIPTOR:
                    raise
                self._pause(listening, exc)
                return
            if _has_left(accepted):
                accepted.close()
            else:
                self._open(accepted, address)

    def _pause(self, listening: socket.socket, reason: OSError) -> None:
        """Stop accepting for a moment, and close what can be closed: the socket stays readable while a client waits."""
        self.drop_refused(0)
        self._connections.close_leaving()
        for closed in range(ACCEPTS_PER_TURN):
            if not self._connections.close_idle():
                if not closed:
                    self._connections.displace()
                break
        _log.warning("accept_paused", reason=str(reason), connections=len(self._connections))
        self._loop.remove_reader(listening.fileno())
        self._loop.call_later(EXHAUSTED_PAUSE_SECONDS, self._watch, listening)

    def _open(self, accepted: socket.socket, address: object) -> None:
        host = str(address[0]) if isinstance(address, tuple) and address else None
        accepted.setblocking(False)
        if not self._connections.make_room(host, len(self._opening)):
            self._refuse(accepted)
            return
        if accepted.family != socket.AF_UNIX:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._connect(accepted))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._build_protocol, accepted)
        except OSError as exc:  # the client has left already
            accepted.close()
            _log.info("connection_lost_at_start", reason=str(exc))

    def _refuse(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client has left already
            accepted.send(TOO_MANY_CONNECTIONS)
            accepted.shutdown(socket.SHUT_WR)
        self._refused.append((time.monotonic(), accepted))
        if len(self._refused) > MAX_REFUSED:
            self._refused.popleft()[1].close()
        _log.warning("connection_refused", reason="too many connections", connections=len(self._connections))


def _has_left(accepted: socket.socket) -> bool:
    """Return whether the client closed its connection before it was accepted. Its request is not read.

    A client that sends requests and does not wait for answers fills the queue of the system, in which others wait too.
    """
    poll = select.poll()
    poll.register(accepted, _LEFT)
    return bool(poll.poll(0))
