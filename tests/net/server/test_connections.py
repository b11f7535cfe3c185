"""Which connection closes for a new one, and how many one address may have."""

from dataclasses import dataclass
from typing import Any

import pytest

from ingest.net.server.connections import ConnectionTable
from ingest.net.server.limits import ServerLimits


@dataclass(eq=False)
class Connection:
    """A connection that only knows whether it is idle."""

    address: str
    is_idle: bool = True
    is_closed: bool = False

    @property
    def client(self) -> tuple[str, int]:
        return (self.address, 50_000)

    def close_now(self) -> None:
        self.is_closed = True


def table_of(*connections: Any, max_connections: int = 100, per_address: int = 3) -> ConnectionTable:
    table = ConnectionTable(ServerLimits(max_connections_per_address=per_address), max_connections)
    for connection in connections:
        table.add(connection)
    return table


def test_connections_without_a_request_close_first_then_the_least_recently_used_one() -> None:
    used_first, used_last, unused, busy = (Connection("192.0.2.1") for _ in range(4))
    busy.is_idle = False
    table = table_of(busy, used_last, used_first, unused)
    for connection in (busy, used_first, used_last):
        table.mark_used(connection)  # type: ignore[arg-type]  # a fake

    closed = []
    while table.close_idle():
        closed += [each for each in (used_first, used_last, unused) if each.is_closed and each not in closed]

    assert closed == [unused, used_first, used_last]
    assert not busy.is_closed


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])
def test_one_address_has_a_limit_of_its_own(address: str) -> None:
    table = table_of(*(Connection(address, is_idle=False) for _ in range(3)))

    assert not table.make_room(address)
    assert table.make_room("198.51.100.1")


def test_addresses_of_one_ipv6_network_count_together() -> None:
    table = table_of(*(Connection(f"2001:db8::{number}", is_idle=False) for number in range(1, 4)))

    assert not table.make_room("2001:db8::ffff")
    assert table.make_room("2001:db8:0:1::1")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_no_limit_of_its_own(address: str) -> None:
    table = table_of(*(Connection(address, is_idle=False) for _ in range(50)))

    assert table.make_room(address)


def test_an_idle_connection_of_the_same_address_makes_room() -> None:
    own, other = Connection("192.0.2.1"), Connection("198.51.100.1")
    table = table_of(other, own, *(Connection("192.0.2.1", is_idle=False) for _ in range(2)))

    assert table.make_room("192.0.2.1")
    assert own.is_closed
    assert not other.is_closed


def test_a_place_is_free_again_when_its_connection_ends() -> None:
    connections: list[Any] = [Connection("192.0.2.1", is_idle=False) for _ in range(3)]
    table = table_of(*connections)

    table.discard(connections[0])
    table.discard(connections[0])

    assert table.make_room("192.0.2.1")
    assert len(table) == 2
