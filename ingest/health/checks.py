"""Checks of dependencies: each in a thread of its own, one at a time, with the time since when it fails."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, field
from typing import Any

from ingest.health.reasons import clean_reason
from ingest.observability import logs

FRESH_SECONDS = 1.0
"""A result is used again for this long, so that many requests cost one check."""

TIMEOUT_SECONDS = 2.0
"""A dependency that does not answer within this time counts as down."""

LATEST_WAIT_SECONDS = 0.2
"""How long a request waits for a check that is only a part of its answer."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class CheckResult:
    """The result of a check: `reason` is empty while the dependency is up."""

    reason: str = ""
    since: float | None = None
    """When the first of the failures in a row was seen, in seconds since 1970."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the check measured, for example the free space."""

    @property
    def is_up(self) -> bool:
        return not self.reason


class DependencyCheck:
    """One check. `check` raises if the dependency is down, and may return facts."""

    def __init__(self, name: str, check: Callable[[], object], *, clock: Callable[[], float] = time.time) -> None:
        self._name = name
        self._check = check
        self._clock = clock
        self._lock = threading.Lock()
        self._result: CheckResult | None = None
        self._running: Future[CheckResult] | None = None
        self._started_at = 0.0
        self._ended_at = float("-inf")

    def start(self) -> "Future[CheckResult]":
        """Return the last result if it is fresh; otherwise the check under way, or a new one."""
        with self._lock:
            if self._running is None or self._running.done():
                if self._result is not None and time.monotonic() - self._ended_at < FRESH_SECONDS:
                    return _done(self._result)
                self._running, self._started_at = Future(), time.monotonic()
                thread = threading.Thread(target=self._run, args=(self._running,), daemon=True)
                thread.name = f"check-{self._name}"
                thread.start()
            return self._running

    def latest(self) -> CheckResult | None:
        """Return the last result, and wait for one under way for LATEST_WAIT_SECONDS at most. None before the first."""
        wait_for([self.start()], timeout=LATEST_WAIT_SECONDS)
        with self._lock:
            is_late = not self._is_idle() and time.monotonic() - self._started_at > TIMEOUT_SECONDS
            return self._fail("no answer in time") if is_late else self._result

    def time_out(self) -> CheckResult:
        """Return the result for a caller that has waited TIMEOUT_SECONDS."""
        with self._lock:
            running = self._running
            if running is not None and running.done():
                return running.result()
            return self._fail("no answer in time")

    def _is_idle(self) -> bool:
        return self._running is None or self._running.done()

    def _run(self, running: "Future[CheckResult]") -> None:
        try:
            facts = self._check()
        except Exception as exc:  # noqa: BLE001 - any failure means that it is down
            with self._lock:
                result = self._fail(clean_reason(str(exc)) or type(exc).__name__)
        else:
            with self._lock:
                result = self._succeed(facts if isinstance(facts, Mapping) else {})
        self._ended_at = time.monotonic()
        running.set_result(result)

    def _fail(self, reason: str) -> CheckResult:
        before = self._result
        since = before.since if before is not None and before.since is not None else self._clock()
        if before is None or before.is_up:
            _log.warning("dependency_down", dependency=self._name, reason=reason)
        self._result = CheckResult(reason, since)
        return self._result

    def _succeed(self, facts: Mapping[str, Any]) -> CheckResult:
        if self._result is not None and not self._result.is_up:
            _log.info("dependency_up", dependency=self._name)
        self._result = CheckResult(facts=facts)
        return self._result


class DependencyChecks:
    """The checks of a process, by name of the dependency."""

    def __init__(self, checks: Mapping[str, Callable[[], object]]) -> None:
        self._checks = {name: DependencyCheck(name, check) for name, check in checks.items()}

    def start(self) -> "dict[str, Future[CheckResult]]":
        """Start the checks that are due, and return the future result of each."""
        return {name: check.start() for name, check in self._checks.items()}

    def time_out(self, name: str) -> CheckResult:
        """Return the result of a check for a caller that has waited TIMEOUT_SECONDS."""
        return self._checks[name].time_out()

    def latest(self, name: str) -> CheckResult | None:
        """Return the last result of a check without waiting; None before the first."""
        return self._checks[name].latest()


def _done(result: CheckResult) -> "Future[CheckResult]":
    future: Future[CheckResult] = Future()
    future.set_result(result)
    return future
