"""Waits for web servers that answer 429 or 503 and say when to come back."""

import threading
import time
from collections.abc import Callable

from ingest.errors import Refused
from ingest.imports.waits import ImportWait

STOPPED = "The import was stopped"


class WebWaits:
    """The waits of all downloads. `report` is called in the thread of a download."""

    def __init__(self, report: Callable[[ImportWait | None], None]) -> None:
        self._report = report
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._waits: dict[int, ImportWait] = {}
        """By thread."""

    @property
    def current(self) -> ImportWait | None:
        """The wait that ends last, or None."""
        with self._lock:
            return max(self._waits.values(), key=lambda wait: wait.next_try or 0, default=None)

    def wait(self, host: str, status: int, seconds: float) -> None:
        """Wait as long as a server asks, and report it. Raises Refused when the import stops meanwhile."""
        now, thread = time.time(), threading.get_ident()
        reason = f"{host} answered {status}"
        text = f"{host}, which answered {status} and asks to wait {seconds:.0f} s"
        with self._lock:
            self._waits[thread] = ImportWait(text, "web_server", reason, next_try=int(now + seconds))
        self._report(self.current)
        is_stopped = self._stopped.wait(seconds)
        with self._lock:
            del self._waits[thread]
        if is_stopped:
            raise Refused(STOPPED)
        self._report(self.current)

    def stop(self) -> None:
        """End all waits."""
        self._stopped.set()
