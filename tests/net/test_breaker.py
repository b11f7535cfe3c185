"""The circuit breaker of a process: when it opens, and how it closes again."""

import pytest

from ingest.errors import DependencyDown
from ingest.net.breaker import FAILURES_TO_OPEN, OPEN_SECONDS, CircuitBreaker
from tests.conftest import Clock


class Server:
    """A dependency that may be down, behind a breaker. Counts the calls that reach it."""

    def __init__(self, clock: Clock) -> None:
        self.breaker = CircuitBreaker("qdrant", clock)
        self.error: Exception | None = None
        self.calls = 0

    def call(self) -> None:
        with self.breaker.guard():
            self.calls += 1
            if self.error is not None:
                raise self.error


@pytest.fixture
def server(clock: Clock) -> Server:
    return Server(clock)


def fail(server: Server, times: int) -> None:
    server.error = DependencyDown("qdrant", "no answer")
    for _ in range(times):
        with pytest.raises(DependencyDown):
            server.call()


def test_failures_in_a_row_open_the_breaker(server: Server) -> None:
    fail(server, FAILURES_TO_OPEN + 5)

    assert server.calls == FAILURES_TO_OPEN
    assert server.breaker.is_open


def test_an_open_breaker_says_when_to_retry(server: Server, clock: Clock) -> None:
    fail(server, FAILURES_TO_OPEN)
    clock.advance(2)

    with pytest.raises(DependencyDown) as refusal:
        server.call()
    assert refusal.value.dependency == "qdrant"
    assert refusal.value.retry_after_seconds == OPEN_SECONDS - 2


def test_a_success_resets_the_count_of_failures(server: Server) -> None:
    fail(server, FAILURES_TO_OPEN - 1)
    server.error = None
    server.call()
    fail(server, FAILURES_TO_OPEN - 1)

    assert not server.breaker.is_open


def test_one_call_probes_the_dependency_and_the_others_are_refused(server: Server, clock: Clock) -> None:
    fail(server, FAILURES_TO_OPEN)
    clock.advance(OPEN_SECONDS)

    with server.breaker.guard(), pytest.raises(DependencyDown):
        server.call()

    assert not server.breaker.is_open
    server.error = None
    server.call()


def test_a_failed_probe_opens_the_breaker_again(server: Server, clock: Clock) -> None:
    fail(server, FAILURES_TO_OPEN)
    clock.advance(OPEN_SECONDS)
    fail(server, 2)
    assert server.calls == FAILURES_TO_OPEN + 1

    clock.advance(OPEN_SECONDS)
    server.error = None
    server.call()
    assert not server.breaker.is_open


def test_errors_of_another_dependency_or_of_the_caller_do_not_count(server: Server) -> None:
    for error in (DependencyDown("database", "no answer"), ValueError("no")):
        server.error = error
        for _ in range(FAILURES_TO_OPEN + 1):
            with pytest.raises(type(error)):
                server.call()

    assert not server.breaker.is_open
