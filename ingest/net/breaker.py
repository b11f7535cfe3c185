"""The circuit breakers of one API process: requests to a dependency that is down fail at once.

For requests, because a client waits. Workers share breakers through the database instead (ingest/db/queue/outages.py).
The reasons: deploy/docs/decisions/0007-breakers-and-deadlines.md.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.errors import DependencyDown
from ingest.observability import logs, metrics

FAILURES_TO_OPEN = 3
"""Failures in a row after which the breaker opens."""

OPEN_SECONDS = 5.0
"""How long an open breaker refuses every call. After that one call probes the dependency, and the others are refused for
as long again."""

_log = logs.get(__name__)


class CircuitBreaker:
    """Let calls through while closed, and refuse them without asking the server while open."""

    def __init__(self, dependency: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._dependency = dependency
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe_at = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Wrap a call of the dependency. Raises DependencyDown at once while the breaker is open."""
        self._admit()
        try:
            with metrics.dependency_seconds.labels(self._dependency).time():
                yield
        except DependencyDown as exc:
            if exc.dependency == self._dependency:
                self._record_failure(str(exc))
            raise
        else:
            self._record_success()

    def _admit(self) -> None:
        with self._lock:
            seconds_left = self._next_probe_at - self._clock()
            if self.is_open and seconds_left > 0:
                raise DependencyDown(
                    self._dependency, "it did not answer lately", retry_after_seconds=max(1.0, seconds_left)
                )
            self._next_probe_at = self._clock() + OPEN_SECONDS  # if open, this call is the probe

    def _record_failure(self, reason: str) -> None:
        metrics.dependency_failures.labels(self._dependency).inc()
        with self._lock:
            self._failures += 1
            self._next_probe_at = self._clock() + OPEN_SECONDS
            if self._failures == FAILURES_TO_OPEN:
                metrics.breaker_open.labels(self._dependency).set(1)
                _log.warning("breaker_opened", dependency=self._dependency, reason=reason)

    def _record_success(self) -> None:
        with self._lock:
            if self.is_open:
                metrics.breaker_open.labels(self._dependency).set(0)
                _log.info("breaker_closed", dependency=self._dependency)
            self._failures = 0
