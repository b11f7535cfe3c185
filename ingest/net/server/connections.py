"""All open connections of a server: how many there may be, which close first, and who exceeds a time limit."""

import heapq
import ipaddress
import time
from collections import Counter, defaultdict
from itertools import chain
from typing import Any

from ingest.net.server.limits import ServerLimits
from ingest.net.server.protocol import LimitedHttpProtocol
from ingest.observability import logs

DISPLACED_SHARE = 64
"""One of so many slow connections closes at a time."""

MAX_LEAVING = 16
"""Displaced connections that stay open for their answers."""

_log = logs.RepeatedRecords(logs.get(__name__))


class ConnectionTable:
    """The open connections. Use it on the event loop only."""

    def __init__(self, limits: ServerLimits, max_connections: int) -> None:
        self._limits = limits
        self._max_connections = max_connections
        self._addresses: dict[LimitedHttpProtocol, str | None] = {}
        """Least recently used first."""
        self._unused: dict[LimitedHttpProtocol, None] = {}
        """Those without a request so far, oldest first."""
        self._leaving: dict[LimitedHttpProtocol, None] = {}
        """Displaced ones whose clients may read their answers. They have no place."""
        self._per_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._addresses)

    def has_room(self, opening: int) -> bool:
        """Return whether one more connection fits. `opening` ones are accepted and not in this table yet."""
        return len(self) + opening < self._max_connections

    def make_room(self, address: str | None, opening: int = 0) -> bool:
        """Return whether a connection from an address may be opened. Another one is closed for it if needed."""
        counted = _counted_address(address)
        if counted is not None and self._per_address[counted] >= self._limits.max_connections_per_address:
            return self.close_idle(counted) or self.displace(counted)
        return self.has_room(opening) or self.close_idle() or self.displace()

    def close_idle(self, address: str | None = None) -> bool:
        """Close an idle connection, of one address if one is given. Return False if there is none.

        Those without a request come first, then the least recently used one.
        """
        for connection in chain(self._unused, self._addresses):
            if connection.is_idle and address in (None, self._addresses[connection]):
                connection.close_now()
                self.discard(connection)  # now, because the transport tells the protocol only later
                _log.info("idle_connection_closed", connections=len(self))
                return True
        return False

    def displace(self, address: str | None = None) -> bool:
        """Close a connection in use, of one address if one is given. Return False if nobody has two.

        It is one of the project that has the most, or of the address as long as projects are not known.
        """
        by_owner: defaultdict[tuple[bool, str | None], list[LimitedHttpProtocol]] = defaultdict(list)
        for connection, counted in self._addresses.items():
            if address in (None, counted):
                is_admitted = connection.owner is not None
                by_owner[is_admitted, connection.owner if is_admitted else counted].append(connection)
        largest = max(by_owner.values(), key=len, default=[])
        if len(largest) < 2:
            return False
        for connection in self._to_displace(largest):
            self.report(connection, 503, "its place is given to another client")
            connection.displace()
            self.discard(connection)
            self._leaving[connection] = None
        self.close_leaving(MAX_LEAVING)
        return True

    def close_leaving(self, remaining: int = 0) -> None:
        """Close displaced connections, the oldest first, until this many remain."""
        for connection in list(self._leaving)[: max(0, len(self._leaving) - remaining)]:
            connection.close_now()
            del self._leaving[connection]

    def _to_displace(self, connections: list[LimitedHttpProtocol]) -> list[LimitedHttpProtocol]:
        """Choose among the connections of one owner, which are in the order of their last requests.

        Those whose clients are too slow come first, several at once because of the cost of this search. Otherwise it is the
        newest, because the others end earlier. Without a known project it is the oldest: a newer one may be anybody's.
        """
        now = time.monotonic()
        seconds = {connection: connection.seconds_behind(now) for connection in connections}
        behind = [each for each in connections if seconds[each] > self._limits.behind_seconds]
        if behind:
            return heapq.nlargest(max(1, len(behind) // DISPLACED_SHARE), behind, key=seconds.__getitem__)
        return [connections[0 if connections[0].owner is None else -1]]

    def mark_used(self, connection: LimitedHttpProtocol) -> None:
        """Note that a request has begun."""
        self._unused.pop(connection, None)
        if connection in self._addresses:
            self._addresses[connection] = self._addresses.pop(connection)

    def add(self, connection: LimitedHttpProtocol) -> None:
        address = _counted_address(connection.client[0] if connection.client else None)
        self._addresses[connection] = address
        self._unused[connection] = None
        if address is not None:
            self._per_address[address] += 1

    def discard(self, connection: LimitedHttpProtocol) -> None:
        self._unused.pop(connection, None)
        self._leaving.pop(connection, None)
        address = self._addresses.pop(connection, None)
        if address is not None:
            self._per_address[address] -= 1
            if not self._per_address[address]:
                del self._per_address[address]

    def report(self, connection: LimitedHttpProtocol, status: int, reason: str) -> None:
        address = connection.client[0] if connection.client else None
        _log.warning("request_refused", status=status, reason=reason, address=address)

    def check_times(self) -> None:
        """Close the connections that exceed one of their times."""
        now = time.monotonic()
        for connection in [*self._addresses, *self._leaving]:
            connection.check_time(now)
        self._drop_unread_answers(now)

    def _drop_unread_answers(self, now: float) -> None:
        unread = {connection: connection.unread_bytes for connection in self._addresses}
        excess = sum(unread.values()) - self._limits.unread_bytes
        if excess <= 0:
            return
        for connection in sorted(
            filter(lambda each: each.is_stalled(now), unread), key=unread.__getitem__, reverse=True
        ):
            if excess <= 0:
                return
            excess -= unread[connection]
            self.report(connection, 0, "too many bytes of answers are not read")
            connection.close_now()


def _counted_address(address: Any) -> str | None:
    """Return the address whose connections are counted together: None for this machine, a network for IPv6."""
    try:
        parsed = ipaddress.ip_address(str(address).partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return None if parsed.is_loopback else str(ipaddress.ip_network((parsed, 64), strict=False))
        parsed = parsed.ipv4_mapped
    return None if parsed.is_loopback else str(parsed)
