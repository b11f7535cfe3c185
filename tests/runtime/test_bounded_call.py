"""Calls that may hang."""

import threading

import pytest

from ingest.runtime.bounded_call import call_within


def test_the_result_and_the_error_of_a_call_reach_the_caller() -> None:
    assert call_within(20, lambda: 7) == 7
    with pytest.raises(ValueError, match="wrong"):
        call_within(20, lambda: int("wrong"))


def test_a_call_that_hangs_ends_for_its_caller() -> None:
    released = threading.Event()

    with pytest.raises(TimeoutError):
        call_within(0.05, lambda: released.wait(30))
    released.set()
