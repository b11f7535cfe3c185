"""The heartbeat of all work in this process: one thread for any number of leases."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.runtime.periodic import PeriodicThread


class HeartbeatThread:
    """Call every registered function each `interval_seconds`.

    The thread starts with the first registration and ends when none is left. One thread per piece of work would cost
    more than most pieces of work do.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._beats: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self._thread: PeriodicThread | None = None

    @contextmanager
    def beating(self, beat: Callable[[], None]) -> Iterator[None]:
        """Call `beat` periodically inside the context. `beat` must not raise.

        A call that is under way when the context ends may still finish.
        """
        with self._lock:
            self._beats.append(beat)
            if self._thread is None and not self._is_closed:
                self._thread = PeriodicThread("heartbeat", self._interval_seconds, self._call_beats)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._beats.remove(beat)

    def close(self) -> None:
        """End the thread: no function is called any more, whether its context has ended or not."""
        with self._lock:
            self._is_closed = True
            if self._thread is not None:
                self._thread.stop(0)

    def _call_beats(self) -> None:
        with self._lock:
            beats = list(self._beats)
            if not beats and self._thread is not None:
                self._thread.stop(0)
                self._thread = None
        for beat in beats:
            beat()
