"""The API starts without its database, and goes on by itself when the database answers."""

import threading
import time
from typing import cast

import pytest

from api import startup
from api.startup import ServiceStart
from ingest.db.session import Database
from ingest.errors import DatabaseDamaged, DependencyDown, Refused
from tests.servers import wait_until


class FakeDatabase:
    """A database that is away while `error` is set, and hangs until `released`."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.released = threading.Event()
        self.released.set()

    def ping(self) -> None:
        self.released.wait(30)
        if self.error is not None:
            raise self.error


class Recorded:
    def __init__(self, name: str, events: list[str]) -> None:
        self._name, self._events = name, events

    def start(self) -> None:
        self._events.append(f"start {self._name}")

    def stop(self) -> None:
        self._events.append(f"stop {self._name}")


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> FakeDatabase:
    monkeypatch.setattr(startup, "migrate", lambda _: None)
    monkeypatch.setattr(startup, "RETRY_SECONDS", 0.01)
    return FakeDatabase()


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def exits() -> list[int]:
    return []


@pytest.fixture
def start(database: FakeDatabase, events: list[str], exits: list[int]) -> ServiceStart:
    threads = [Recorded("a", events), Recorded("b", events)]
    return ServiceStart(cast(Database, database), lambda: events.append("warm up"), threads, exit_process=exits.append)


def test_everything_starts_at_once_and_stops_in_reverse(start: ServiceStart, events: list[str]) -> None:
    start.start()
    start.stop()

    assert events == ["warm up", "start a", "start b", "stop b", "stop a"]


def test_without_its_database_the_service_starts_and_goes_on_later(
    start: ServiceStart, events: list[str], database: FakeDatabase, exits: list[int]
) -> None:
    database.error = DependencyDown("database", "connection refused")
    start.start()
    assert events == []

    database.error = None
    wait_until(lambda: len(events) == 3, what="the late start")
    start.stop()

    assert events == ["warm up", "start a", "start b", "stop b", "stop a"]
    assert exits == []


def test_a_database_that_swallows_delays_the_start_for_a_bounded_time(
    start: ServiceStart, events: list[str], database: FakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "ANSWER_SECONDS", 0.1)
    database.released.clear()
    started = time.monotonic()
    start.start()

    assert time.monotonic() - started < 10
    assert events == []
    database.released.set()
    wait_until(lambda: len(events) == 3, what="the late start")
    start.stop()


def test_a_slow_warm_up_does_not_delay_the_start(
    database: FakeDatabase, events: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(startup, "WARM_UP_SECONDS", 0.05)
    released = threading.Event()
    start = ServiceStart(cast(Database, database), lambda: released.wait(30), [Recorded("a", events)])

    start.start()
    released.set()

    assert events == ["start a"]


@pytest.mark.parametrize("refusal", [Refused("a newer schema"), DatabaseDamaged("ingest.db", "malformed")])
def test_a_schema_that_is_refused_late_ends_the_process(
    start: ServiceStart, database: FakeDatabase, refusal: Exception, exits: list[int], events: list[str]
) -> None:
    database.error = DependencyDown("database", "connection refused")
    start.start()

    database.error = refusal
    wait_until(lambda: exits == [2], what="the end of the process")

    assert events == []


@pytest.mark.parametrize("refusal", [Refused("a newer schema"), DatabaseDamaged("ingest.db", "malformed")])
def test_a_schema_that_is_refused_at_once_is_an_error_of_the_start(
    start: ServiceStart, database: FakeDatabase, refusal: Exception
) -> None:
    database.error = refusal

    with pytest.raises(type(refusal)):
        start.start()


def test_nothing_starts_after_the_stop(start: ServiceStart, database: FakeDatabase, events: list[str]) -> None:
    database.error = DependencyDown("database", "connection refused")
    start.start()
    start.stop()
    database.error = None

    start._start_threads()

    assert events == ["warm up"]
