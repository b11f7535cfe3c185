"""Circuit breakers of one process: who does not answer is left alone for a while, and nobody queues up for it.

For requests, which somebody waits for. What workers do about an outage is shared through the database (db/queue/outages.py).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.errors import DependencyDown
from ingest.observability import logs, metrics

FAILURES = 3
"""In a row, before a dependency is left alone..."""

OPEN_SECONDS = 5.0
"""...for so long; then one caller tries, and the others are refused until it has an answer."""

_log = logs.get(__name__)


class CircuitBreaker:
    """Closed, it lets everybody through. After FAILURES it is open: it refuses at once, without asking the server."""

    def __init__(self, dependency: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._dependency = dependency
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Around a call of the dependency. Raises DependencyDown at once while it is known to be down."""
        self._admit()
        try:
            with metrics.dependency_seconds.labels(self._dependency).time():
                yield
        except DependencyDown as exc:
            if exc.dependency == self._dependency:
                self._failed(str(exc))
            raise
        else:
            self._succeeded()

    def _admit(self) -> None:
        with self._lock:
            left = self._next_try - self._clock()
            if self._failures >= FAILURES and left > 0:
                raise DependencyDown(self._dependency, "it did not answer lately", retry_after_seconds=max(1.0, left))
            self._next_try = self._clock() + OPEN_SECONDS  # the others wait for what this one finds

    def _failed(self, reason: str) -> None:
        metrics.dependency_failures.labels(self._dependency).inc()
        with self._lock:
            self._failures += 1
            self._next_try = self._clock() + OPEN_SECONDS
            if self._failures == FAILURES:
                metrics.breaker_open.labels(self._dependency).set(1)
                _log.warning("breaker_opened", dependency=self._dependency, reason=reason)

    def _succeeded(self) -> None:
        with self._lock:
            if self._failures >= FAILURES:
                metrics.breaker_open.labels(self._dependency).set(0)
                _log.info("breaker_closed", dependency=self._dependency)
            self._failures = 0
