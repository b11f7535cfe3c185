"""Whether the servers of the settings answer, for processes that start: a line at once, one every half minute, one at the end.

Processes start while a server is away. `ingest up` and the API go on without it, workers and beat wait for what they
cannot work without.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import wait
from datetime import UTC, datetime
from functools import partial

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ingest.config import Settings
from ingest.db.session import Database
from ingest.health import probes
from ingest.health.checks import TIMEOUT_SECONDS, CheckResult, DependencyChecks
from ingest.net.connection import check_connection
from ingest.observability import logs
from ingest.timeouts import REQUEST_TIMEOUTS

POLL_SECONDS = 2.0
REPEAT_SECONDS = 30.0
"""A server that stays away is said again this often."""

_log = logs.get(__name__)

Report = Callable[[str, CheckResult], object]
"""Gets the name of a dependency, and its state at first, every REPEAT_SECONDS while it is down, and when it is up again."""


def external_checks(settings: Settings) -> dict[str, Callable[[], object]]:
    """Return a check for each server whose URL is configured. What `ingest up` starts itself has none."""
    checks: dict[str, Callable[[], object]] = {}
    if settings.database_url and not settings.sql_url.startswith("sqlite"):
        checks["database"] = partial(_check_database, settings)
    if settings.redis_url:
        checks["broker"] = partial(check_broker, settings.redis_url)
    if settings.qdrant_url:
        checks["qdrant"] = partial(check_connection, "qdrant", settings.qdrant_url, seconds=probes.CONNECT_SECONDS)
    for name, model in settings.models.items():
        if model.url:
            checks[f"embedder {name}"] = partial(probes.check_embedder, model)
    if settings.rerank_url:
        checks["reranker"] = partial(probes.check_reranker, settings)
    return checks


def check_broker(url: str) -> None:
    """Check that a broker answers. Raises RedisError."""
    seconds = probes.CONNECT_SECONDS
    once = Retry(NoBackoff(), 0)
    with Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=once) as client:
        client.ping()


class DependencyWatch:
    """Checks dependencies in a thread, and reports what is down."""

    def __init__(self, checks: Mapping[str, Callable[[], object]], report: Report) -> None:
        self._checks = DependencyChecks(checks)
        self._report = report
        self._down: dict[str, CheckResult] = {}
        self._next_report_at: dict[str, float] = {}
        self._stopping = threading.Event()
        self._has_looked = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="dependencies", daemon=True)

    def start(self) -> None:
        """Start to watch, and return after the first look, which takes TIMEOUT_SECONDS at most."""
        self._thread.start()
        self._has_looked.wait()

    def stop(self) -> None:
        """Report nothing more."""
        self._stopping.set()

    def is_down(self, *names: str) -> bool:
        """Return whether one of these dependencies was down at the last look."""
        return any(name in self._down for name in names)

    def look(self) -> None:
        """Check all dependencies once, and report."""
        running = self._checks.start()
        wait(running.values(), timeout=TIMEOUT_SECONDS)
        for name, future in running.items():
            result = future.result() if future.done() else self._checks.time_out(name)
            if not self._stopping.is_set():
                self._note(name, result)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            finally:
                self._has_looked.set()
            self._stopping.wait(POLL_SECONDS)

    def _note(self, name: str, result: CheckResult) -> None:
        if result.is_up:
            if self._down.pop(name, None) is not None:
                self._report(name, result)
            return
        is_new = name not in self._down
        self._down[name] = result
        if is_new or time.monotonic() >= self._next_report_at[name]:
            self._next_report_at[name] = time.monotonic() + REPEAT_SECONDS
            self._report(name, result)


def wait_until_up(settings: Settings, names: Collection[str]) -> bool:
    """Wait until these servers answer, and log each one that does not. Return whether there was something to wait for."""
    checks = {name: check for name, check in external_checks(settings).items() if name in names}
    watch = DependencyWatch(checks, _log_wait)
    has_waited = False
    while True:
        watch.look()
        if not watch.is_down(*names):
            return has_waited
        has_waited = True
        time.sleep(POLL_SECONDS)


def describe(name: str, result: CheckResult) -> str:
    """Return the state of a dependency in one line for a terminal."""
    if result.is_up:
        return f"{name} answers again"
    since = "" if result.since is None else f", since {datetime.fromtimestamp(result.since, UTC):%H:%M:%S} UTC"
    return f"{name} does not answer: {_reason(name, result)}{since}"


def iso_time(seconds: float) -> str:
    """Return a time as logs have it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _log_wait(name: str, result: CheckResult) -> None:
    if result.is_up:
        _log.info("dependency_answers", dependency=name)
    else:
        since = iso_time(result.since or time.time())
        _log.warning("waiting_for_dependency", dependency=name, reason=_reason(name, result), since=since)


def _reason(name: str, result: CheckResult) -> str:
    """Return the reason without the kind of the dependency, with which the text of an error begins."""
    return result.reason.removeprefix(f"{name.partition(' ')[0]}: ")


def _check_database(settings: Settings) -> None:
    database = Database(settings.sql_url, timeouts=REQUEST_TIMEOUTS, pool_size=1)
    try:
        database.ping()
    finally:
        database.dispose()
