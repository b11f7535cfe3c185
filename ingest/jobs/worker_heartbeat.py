"""The heartbeat of a worker: one UPDATE every few seconds by its parent process, so that others know that it is alive."""

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ingest.config import Settings
from ingest.db.queue import workers
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.runtime.periodic import PeriodicThread
from ingest.timeouts import WORKER_TIMEOUTS

PERIODS = 2
"""A worker's heartbeat has the period of this many heartbeats of a lease: 10 s by default."""

MISSED_HEARTBEATS = 3
"""A worker counts as dead after this many periods without a heartbeat."""

TIMEOUTS = replace(WORKER_TIMEOUTS, connect=2, lock=2, statement=2, idle_in_transaction=2, response=3)
"""Short: a fork of the parent process waits for a heartbeat under way."""

_log = logs.get(__name__)


class WorkerHeartbeat:
    """Records in the database that this process and its children take files of some lanes."""

    def __init__(self, settings: Settings, *, lanes: Sequence[str], processes: int) -> None:
        self._database = Database(settings.sql_url, pool_size=1, timeouts=TIMEOUTS)
        self._node = settings.node
        self._id = f"{settings.node}/{os.getpid()}"
        self._lanes = lanes
        self._processes = processes
        interval = PERIODS * settings.heartbeat_seconds
        self._alive_seconds = MISSED_HEARTBEATS * interval
        self._lock = threading.Lock()
        self._thread = PeriodicThread("worker_heartbeat", interval, self._beat)

    def start(self) -> None:
        """Send the first heartbeat now, and the others from a thread.

        A child that is forked during a heartbeat would inherit locked mutexes of the database's library. So forks wait.
        """
        os.register_at_fork(
            before=self._lock.acquire, after_in_parent=self._lock.release, after_in_child=self._lock.release
        )
        try:
            self._beat()
        except DependencyDown as exc:
            _log.warning("periodic_task_failed", task=self._thread.name, reason=str(exc))
        self._thread.start()

    def stop(self) -> None:
        """Record that the worker has stopped."""
        self._thread.stop()
        with suppress(DependencyDown), self._lock, self._database.transaction() as session:
            workers.record_stop(session, self._id)
        self._database.dispose()

    def _beat(self) -> None:
        with self._lock, self._database.transaction() as session:
            workers.record_heartbeat(
                session,
                self._id,
                node=self._node,
                lanes=self._lanes,
                processes=self._processes,
                alive_seconds=self._alive_seconds,
            )
