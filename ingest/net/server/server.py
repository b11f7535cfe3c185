"""Runs an ASGI application behind the limits: the event loop, the listening sockets and the periodic checks."""

import errno
import socket
import sys
from typing import Any

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server

from ingest.net.server.connections import ConnectionTable
from ingest.net.server.limits import ServerLimits
from ingest.net.server.listener import Listener
from ingest.net.server.protocol import LimitedHttpProtocol, RenderError
from ingest.observability import logs
from ingest.runtime.descriptors import raise_descriptor_limit

TICKS_PER_CHECK = 5
"""uvicorn ticks ten times a second."""

_log = logs.get(__name__)


def render_plain_error(status: int, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Render an error as text."""
    return [(b"content-type", b"text/plain; charset=utf-8")], message.encode()


def build_server(
    app: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    limits: ServerLimits | None = None,
    render_error: RenderError = render_plain_error,
    graceful_seconds: int | None = None,
    lifespan: bool = True,
) -> "LimitedServer":
    """Build the server of an application; its method `run` serves until SIGTERM. Port 0 takes a free one."""
    limits = limits or ServerLimits()
    config = Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on" if lifespan else "off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=graceful_seconds,
    )
    return LimitedServer(config, limits, render_error)


class LimitedServer(Server):
    """uvicorn's server with an own listener and own connections."""

    def __init__(self, config: Config, limits: ServerLimits, render_error: RenderError) -> None:
        super().__init__(config)
        self._limits = limits
        self._render_error = render_error
        self.connections = ConnectionTable(limits, limits.within_descriptors(raise_descriptor_limit()))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen. Exits the process when either fails."""
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            sys.exit(STARTUP_FAILURE)
        try:
            listening = sockets or bind(str(self.config.host), self.config.port, self.config.backlog)
        except OSError as exc:
            _log.error("listen_failed", host=self.config.host, port=self.config.port, reason=str(exc))
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)
        self.listener = Listener(listening, self.connections, self._build_protocol)
        self.servers = [self.listener]  # type: ignore[list-item]  # what uvicorn calls of it is there
        _log.info("listening", host=self.config.host, port=listening[0].getsockname()[1])
        self.started = True

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_CHECK == 0:
            self.connections.check_times()
            self.listener.drop_refused()
        return await super().on_tick(counter)

    def _build_protocol(self) -> LimitedHttpProtocol:
        return LimitedHttpProtocol(
            self.config, self.server_state, self.lifespan.state, self.connections, self._limits, self._render_error
        )


def bind(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Return listening sockets at all addresses of a host name. Raises OSError."""
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listening: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            opened = _open_socket(family, kind, protocol)
            if opened is None:
                continue
            listening.append(opened)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(address)
            opened.listen(backlog)
    except OSError:
        for opened in listening:
            opened.close()
        raise
    if not listening:
        raise OSError(f"{host} has no address of this machine")
    return listening


def _open_socket(family: int, kind: int, protocol: int) -> socket.socket | None:
    """Return a socket, or None if this machine does not know the address family, as without IPv6."""
    try:
        return socket.socket(family, kind, protocol)
    except OSError as exc:
        if exc.errno != errno.EAFNOSUPPORT:
            raise
        return None
