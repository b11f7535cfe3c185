"""Who does not answer is left alone for a while."""

import pytest

from ingest.errors import DependencyDown
from ingest.net.breaker import FAILURES, OPEN_SECONDS, CircuitBreaker
from tests.conftest import Clock


class Server:
    """Something that may be down, behind a breaker; counts how often it is asked."""

    def __init__(self, clock: Clock) -> None:
        self.breaker = CircuitBreaker("qdrant", clock)
        self.error: Exception | None = None
        self.asked = 0

    def ask(self) -> None:
        with self.breaker.guard():
            self.asked += 1
            if self.error is not None:
                raise self.error


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(clock)


def fail(server: Server, times: int) -> None:
    server.error = DependencyDown("qdrant", "no answer")
    for _ in range(times):
        with pytest.raises(DependencyDown):
            server.ask()


def test_after_failures_in_a_row_nobody_is_let_through(server: Server) -> None:
    fail(server, FAILURES + 5)

    assert server.asked == FAILURES
    assert server.breaker.is_open


def test_the_refusal_says_when_to_come_again(server: Server, clock: Clock) -> None:
    fail(server, FAILURES)
    clock.advance(2)

    with pytest.raises(DependencyDown) as refusal:
        server.ask()
    assert refusal.value.dependency == "qdrant"
    assert refusal.value.retry_after_seconds == OPEN_SECONDS - 2


def test_a_success_in_between_begins_the_count_again(server: Server) -> None:
    fail(server, FAILURES - 1)
    server.error = None
    server.ask()
    fail(server, FAILURES - 1)

    assert not server.breaker.is_open


def test_one_tries_after_a_while_and_the_others_wait_for_what_it_finds(server: Server, clock: Clock) -> None:
    fail(server, FAILURES)
    clock.advance(OPEN_SECONDS)

    with server.breaker.guard(), pytest.raises(DependencyDown):
        server.ask()

    assert not server.breaker.is_open
    server.error = None
    server.ask()


def test_a_try_that_fails_opens_it_for_as_long_again(server: Server, clock: Clock) -> None:
    fail(server, FAILURES)
    clock.advance(OPEN_SECONDS)
    fail(server, 2)
    assert server.asked == FAILURES + 1

    clock.advance(OPEN_SECONDS)
    server.error = None
    server.ask()
    assert not server.breaker.is_open


def test_what_another_dependency_or_the_caller_does_wrong_is_not_its_fault(server: Server) -> None:
    for error in (DependencyDown("database", "no answer"), ValueError("no")):
        server.error = error
        for _ in range(FAILURES + 1):
            with pytest.raises(type(error)):
                server.ask()

    assert not server.breaker.is_open
