"""Which connection closes for a new one, and how many one address may have."""

from dataclasses import dataclass
from typing import Any

import pytest

from ingest.net.server.connections import ConnectionTable
from ingest.net.server.limits import ServerLimits


@dataclass(eq=False)
class Connection:
    """A connection that knows whether it is idle, whose it is, and how far behind its client is."""

    address: str
    is_idle: bool = True
    is_closed: bool = False
    owner: str | None = None
    behind: float = 0.0

    @property
    def client(self) -> tuple[str, int]:
        return (self.address, 50_000)

    def close_now(self) -> None:
        self.is_closed = True

    displace = close_now

    def seconds_behind(self, now: float) -> float:
        return self.behind


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

    assert table.make_room(address)
    assert len(table) == 2  # one of its own is closed
    assert table.make_room("198.51.100.1")
    assert len(table) == 2


def test_addresses_of_one_ipv6_network_count_together() -> None:
    table = table_of(*(Connection(f"2001:db8::{number}", is_idle=False) for number in range(1, 4)))

    assert table.make_room("2001:db8::ffff")
    assert len(table) == 2
    assert table.make_room("2001:db8:0:1::1")
    assert len(table) == 2


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


def closed_for_a_new_one(*connections: Connection) -> list[int]:
    """Return the numbers of the connections that a full table closes for a new one."""
    table = table_of(*connections, max_connections=len(connections))
    assert table.make_room("198.51.100.9")
    return [number for number, connection in enumerate(connections) if connection.is_closed]


def in_use(owner: str | None, behind: float = 0.0, address: str = "127.0.0.1") -> Connection:
    return Connection(address, is_idle=False, owner=owner, behind=behind)


def test_the_slowest_client_of_the_project_with_the_most_connections_gives_up_its_place() -> None:
    slower_one_of_another = in_use("other", 60)

    assert closed_for_a_new_one(in_use("most"), slower_one_of_another, in_use("most", 3), in_use("most", 5)) == [3]


def test_without_slow_clients_the_newest_request_of_the_largest_project_gives_up_its_place() -> None:
    assert closed_for_a_new_one(
        in_use("most", 0.5), in_use("most"), in_use("other"), in_use("other"), in_use("most")
    ) == [4]


def test_before_admission_the_oldest_request_of_the_largest_address_gives_up_its_place() -> None:
    assert closed_for_a_new_one(in_use("project"), in_use(None), in_use(None), in_use(None, address="192.0.2.1")) == [1]


def test_a_place_that_is_alone_is_not_given_away() -> None:
    alone = [in_use(str(number)) for number in range(4)]

    assert not table_of(*alone, max_connections=4).make_room("198.51.100.9")
    assert not any(connection.is_closed for connection in alone)


def test_many_slow_clients_give_up_several_places_at_once() -> None:
    """The search for them takes a millisecond."""
    assert len(closed_for_a_new_one(*(in_use("most", 2 + number) for number in range(640)))) == 10
