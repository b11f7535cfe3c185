"""One thread of a process that calls, again and again, whatever is at work in it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class HeartbeatThread:
    """Calls every `seconds` each function that is there at that moment; its thread begins with one and ends without.

    A thread for each piece of work would cost more than most pieces do.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._beats: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, beat: Callable[[], None]) -> Iterator[None]:
        """Have `beat` called, which must not raise; a call under way when this ends may still go on."""
        with self._lock:
            self._beats.append(beat)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._beats.remove(beat)

    def close(self) -> None:
        """Call nothing any more."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            with self._lock:
                beats = list(self._beats)
                if not beats:
                    self._thread = None
                    return
            for beat in beats:
                beat()
