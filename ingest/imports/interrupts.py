"""Stopping an import with Ctrl-C or SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

EXIT_INTERRUPTED = 130


@contextmanager
def catch_stop_signals() -> Iterator[Event]:
    """Yield an event that SIGINT and SIGTERM set, so that the import can record its state; the second signal raises
    KeyboardInterrupt. Call it from the main thread."""
    stop_requested = Event()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        if stop_requested.is_set():
            raise KeyboardInterrupt
        stop_requested.set()

    handlers = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop_requested
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
