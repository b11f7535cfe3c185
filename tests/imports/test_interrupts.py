"""Stop signals: the first sets an event, the second raises KeyboardInterrupt."""

import os
import signal
import time

import pytest

from ingest.imports.interrupts import catch_stop_signals


def signal_and_wait(number: signal.Signals) -> None:
    """Send a signal to this process, and wait for its handler."""
    os.kill(os.getpid(), number)
    time.sleep(5)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_sets_the_event_and_the_second_interrupts(number: signal.Signals) -> None:
    with catch_stop_signals() as stop_requested:
        os.kill(os.getpid(), number)
        assert stop_requested.wait(5)

        with pytest.raises(KeyboardInterrupt):
            signal_and_wait(number)


def test_the_handlers_are_restored() -> None:
    handler = signal.getsignal(signal.SIGTERM)

    with catch_stop_signals():
        assert signal.getsignal(signal.SIGTERM) is not handler

    assert signal.getsignal(signal.SIGTERM) is handler
