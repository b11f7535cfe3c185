"""Cancellation of requests."""

import contextvars
import itertools
from collections.abc import Callable

import pytest

from ingest.errors import RequestCancelled
from ingest.runtime import cancellation
from ingest.runtime.cancellation import Cancellation


def in_own_context(test: Callable[[], None]) -> None:
    contextvars.copy_context().run(test)


def test_work_of_no_request_is_never_cancelled() -> None:
    cancellation.check()
    assert list(cancellation.checked(range(200))) == list(range(200))


def test_a_cancelled_request_stops_at_the_next_check() -> None:
    def test() -> None:
        request = Cancellation()
        request.bind()
        cancellation.check()
        request.cancel()
        with pytest.raises(RequestCancelled):
            cancellation.check()

    in_own_context(test)


def test_a_loop_stops_soon_after_the_cancellation() -> None:
    def test() -> None:
        request = Cancellation()
        request.bind()
        seen: list[int] = []

        def work() -> None:
            for number in cancellation.checked(itertools.count()):
                seen.append(number)
                if number == 10:
                    request.cancel()

        with pytest.raises(RequestCancelled):
            work()
        assert len(seen) < 100

    in_own_context(test)
