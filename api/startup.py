"""The start of the API's work: migrations, warm-up and background threads, at once or when the database answers."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.errors import REFUSED_EXIT_CODE, DatabaseDamaged, DependencyDown, Refused
from ingest.health.external import REPEAT_SECONDS, iso_time
from ingest.observability import logs
from ingest.runtime.bounded_call import call_within

ANSWER_SECONDS = 4.0
"""A database that has not answered after this time counts as away, and the API answers requests without it."""

WARM_UP_SECONDS = 4.0
"""How long the first request is kept waiting for the model and the index. The warm-up goes on after it."""

RETRY_SECONDS = 2.0

_log = logs.get(__name__)


class BackgroundThread(Protocol):
    """A thread that works beside the requests."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class ServiceStart:
    """Migrates the database, warms up, and starts the background threads in order.

    While the database is away, the API serves without them, and this starts them when it answers. `exit_process` ends
    the process if the database turns out to have a schema that this version cannot work on.
    """

    def __init__(
        self,
        database: Database,
        warm_up: Callable[[], object],
        threads: Sequence[BackgroundThread],
        *,
        exit_process: Callable[[int], Any] = os._exit,
    ) -> None:
        self._database = database
        self._warm_up = warm_up
        self._threads = threads
        self._exit_process = exit_process
        self._started: list[BackgroundThread] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._late_start: threading.Thread | None = None

    def start(self) -> None:
        """Start everything if the database answers; otherwise wait for it in a thread. Raises Refused."""
        try:
            self._migrate()
        except DatabaseDamaged:
            raise
        except DependencyDown as exc:
            _log.warning("started_without_dependency", dependency=exc.dependency, reason=str(exc))
            self._late_start = threading.Thread(target=self._start_late, name="late-start", daemon=True)
            self._late_start.start()
        else:
            self._start_threads()

    def stop(self) -> None:
        """Stop the background threads that were started, in the reverse order."""
        self._stopping.set()
        with self._lock:
            started, self._started = self._started, []
        for thread in reversed(started):
            thread.stop()

    def _migrate(self) -> None:
        try:
            call_within(ANSWER_SECONDS, self._database.ping, name="first-ping")
        except TimeoutError as exc:
            raise DependencyDown("database", "no answer in time") from exc
        migrate(self._database)

    def _start_threads(self) -> None:
        try:
            call_within(WARM_UP_SECONDS, self._warm_up, name="warm-up")
        except TimeoutError:
            _log.warning("warm_up_is_slow", seconds=WARM_UP_SECONDS)
        with self._lock:  # none is started after `stop`
            if not self._stopping.is_set():
                for thread in self._threads:
                    thread.start()
                    self._started.append(thread)

    def _start_late(self) -> None:
        since, next_record_at = time.time(), time.monotonic() + REPEAT_SECONDS
        while not self._stopping.wait(RETRY_SECONDS):
            try:
                self._migrate()
                _log.info("dependency_answers", dependency="database")
                self._start_threads()
            except (Refused, DatabaseDamaged) as exc:
                _log.error("schema_refused", reason=str(exc))
                self._exit_process(REFUSED_EXIT_CODE)
                return
            except DependencyDown as exc:
                if time.monotonic() >= next_record_at:
                    next_record_at = time.monotonic() + REPEAT_SECONDS
                    _log.warning(
                        "waiting_for_dependency", dependency="database", reason=str(exc), since=iso_time(since)
                    )
            except Exception:  # noqa: BLE001 - logged; another process takes the place of this one
                _log.exception("late_start_failed")
                self._exit_process(1)
                return
            else:
                return
