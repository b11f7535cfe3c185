"""The one kind of background thread: it calls a function, waits, and calls it again."""

import threading
from collections.abc import Callable

from ingest.errors import DependencyDown
from ingest.observability import logs

_log = logs.get(__name__)


class PeriodicThread(threading.Thread):
    """Call a function every `interval_seconds` until `stop`; the first call comes after the first interval.

    Without an interval the function runs only after `wake`. An exception of the function is logged as
    `periodic_task_failed`, and the thread goes on. `on_start` and `on_exit` run in the thread, before the first call and
    after the last one; what `on_exit` raises ends the thread.
    """

    def __init__(
        self,
        name: str,
        interval_seconds: float | None,
        function: Callable[[], object],
        *,
        on_start: Callable[[], object] | None = None,
        on_exit: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._interval_seconds = interval_seconds
        self._function = function
        self._on_start = on_start
        self._on_exit = on_exit
        self._stopping = threading.Event()
        self._wakeup = threading.Event()
        self._is_call_due = False

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called. A long function asks this between its steps."""
        return self._stopping.is_set()

    def wake(self) -> None:
        """Call the function now. Several wake-ups during one call lead to one more call."""
        self._is_call_due = True
        self._wakeup.set()

    def stop(self, timeout_seconds: float | None = 5.0) -> None:
        """Call the function no more, except for a wake-up that came before, and wait for a call under way.

        Waits `timeout_seconds` at most; None waits without limit, 0 does not wait. The function itself may call this.
        """
        self._stopping.set()
        self._wakeup.set()
        if self.is_alive() and self is not threading.current_thread():
            self.join(timeout_seconds)

    def run(self) -> None:
        if self._on_start is not None:
            self._on_start()
        try:
            while self._wait_for_next_call():
                try:
                    self._function()
                except DependencyDown as exc:
                    _log.warning("periodic_task_failed", task=self.name, reason=str(exc))
                except Exception:  # noqa: BLE001 - logged with its traceback; the next call may succeed
                    _log.exception("periodic_task_failed", task=self.name)
        finally:
            if self._on_exit is not None:
                self._on_exit()

    def _wait_for_next_call(self) -> bool:
        if not self._stopping.is_set():
            self._wakeup.wait(self._interval_seconds)
        self._wakeup.clear()
        is_stopping = self._stopping.is_set()  # before the wake-up is read: one that came before the stop must count
        was_woken, self._is_call_due = self._is_call_due, False
        return was_woken or not is_stopping
