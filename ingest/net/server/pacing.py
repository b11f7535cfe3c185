"""Whose request a connection carries, and how far its client is behind the slowest permitted pace."""

import time
from collections.abc import MutableMapping
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ingest.net.server.limits import ServerLimits

_OWNER_EXTENSION = "ingest.owner"


def assign_connection(scope: MutableMapping[str, Any], owner: str) -> None:
    """Tell the server who sent a request: connections of one owner count together when places are rare."""
    if extension := scope.get("extensions", {}).get(_OWNER_EXTENSION):
        extension["assign"](owner)


class PacedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with an owner, and with the times since which the server waits for the client."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], limits: ServerLimits
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.limits = limits
        self.owner: str | None = None
        """Who sent the last request, as the application says. None before its first admission."""
        self._is_in_head = True
        """True from the end of a request to the end of the next one's headers."""
        self._window_since = 0.0
        self._window_bytes = 0
        self._write_paused_since: float | None = None
        self._unread_bytes = 0
        self._lingers_since: float | None = None
        """When an error was sent. The connection then stays for a while, because a reset could overtake the answer."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is under way: its headers have not arrived, or it is answered."""
        if self._lingers_since is not None or self.cycle is None:
            return True
        return bool(self.cycle.response_complete and not self.pipeline)

    @property
    def unread_bytes(self) -> int:
        """The bytes of answers that the client has not read."""
        return int(self.transport.get_write_buffer_size())

    def is_stalled(self, now: float) -> bool:
        """Return whether the client has not read its answer for a while."""
        paused = self._write_paused_since
        has_read = self._unread_bytes - self.unread_bytes >= self.limits.window_bytes
        return paused is not None and now - paused > self.limits.stalled_seconds and not has_read

    def seconds_behind(self, now: float) -> float:
        """Return by how much the client exceeds the time that its bytes may take. 0 if nothing is expected of it."""
        if self._write_paused_since is not None:
            window, since, moved = (
                self.limits.write_seconds,
                self._write_paused_since,
                self._unread_bytes - self.unread_bytes,
            )
        elif self._is_waiting_for_body:
            window, since, moved = self.limits.body_seconds, self._window_since, self._window_bytes
        else:
            return 0.0
        return max(0.0, now - since - window * moved / self.limits.window_bytes)

    @property
    def _is_waiting_for_body(self) -> bool:
        """Whether more of a body is due, and the application has taken what has arrived."""
        if self._is_in_head or self.cycle.response_complete:
            return False
        return not (self.flow.read_paused or self.cycle.waiting_for_100_continue)

    def pause_writing(self) -> None:
        self._write_paused_since = time.monotonic()
        self._unread_bytes = self.unread_bytes
        super().pause_writing()

    def resume_writing(self) -> None:
        self._write_paused_since = None
        super().resume_writing()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_OWNER_EXTENSION: {"assign": self._assign}}

    def _assign(self, owner: str) -> None:
        self.owner = owner
