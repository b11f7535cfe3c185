"""The feeder: publishes queued files to the broker, in fair shares, and keeps the broker's queues short.

A batch of a million files costs the broker no more than a small one, and a lost message is published again
(deploy/docs/reliability.md).
"""

import math

from sqlalchemy.orm import Session

from ingest.config import Settings
from ingest.db import locks
from ingest.db.queue import feed, outages
from ingest.db.queue.feed import QueuedFile
from ingest.db.queue.outages import OutageState
from ingest.db.session import Database
from ingest.dispatch.broker import Queue
from ingest.dispatch.poll_throttle import PollThrottle
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.runtime.periodic import PeriodicThread
from ingest.status import LANES, Lane

LOST_AFTER_SECONDS = 5.0
"""A message this old is lost if its queue is empty: a worker claims a file milliseconds after taking the message."""

STALE_AFTER_SECONDS = 600.0
"""A message this old is lost in any case: one message can get lost while its queue is never empty."""

IDLE_POLL_SECONDS = 0.25
"""Workers poll a lane without queued files this often. Requests and maintenance publish as well."""

BUSY_POLL_SECONDS = 0.05
"""Workers poll a lane that is at least half full this often, or when the upper half is used up."""

SLOW_WINDOW = 4
"""Messages of slow files at most. One file may take an hour, and those already published are not overtaken by others."""

_TAKE = {"interactive": feed.take_interactive, "bulk": feed.take_bulk, "slow": feed.take_slow}

_log = logs.get(__name__)


class Feeder:
    """Publish queued files, at most `dispatch_window` messages a lane, or SLOW_WINDOW.

    With `slow_apart` slow files have workers and a lane of their own.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        settings: Settings,
        poll_throttle: PollThrottle,
        *,
        slow_apart: bool = False,
    ) -> None:
        self._database = database
        self._queue = queue
        self._slow_apart = slow_apart
        self._lanes = LANES if self._slow_apart else tuple(lane for lane in LANES if lane != "slow")
        window = settings.dispatch_window
        self._windows: dict[Lane, int] = {"interactive": window, "bulk": window, "slow": min(window, SLOW_WINDOW)}
        self._poll_throttle = poll_throttle

    def top_up(self) -> int:
        """Publish what every lane has room for, and return the number of files.

        A broker that is down is logged, not raised: maintenance tries again.
        """
        try:
            return sum(self._fill(lane, self._queue.depth(lane)) for lane in self._lanes)
        except DependencyDown as exc:
            _log.warning("dispatch_failed", dependency=exc.dependency, reason=str(exc))
            return 0

    def top_up_after_file(self) -> None:
        """Do what `top_up` does, but only for lanes that the poll throttle lets through. Workers call it after each file."""
        try:
            for lane in self._lanes:
                if self._poll_throttle.is_due_after_file(lane):
                    self._poll(lane)
        except DependencyDown as exc:
            _log.warning("dispatch_failed", dependency=exc.dependency, reason=str(exc))

    def republish_lost(self) -> int:
        """Mark the files whose messages the broker lost as unpublished, and return their number. `top_up` publishes them."""
        lost = 0
        for lane in self._lanes:
            age_seconds = LOST_AFTER_SECONDS if self._queue.depth(lane) == 0 else STALE_AFTER_SECONDS
            with self._database.transaction() as session:
                lost += feed.unpublish_older(session, lane, older_than_seconds=age_seconds, slow_apart=self._slow_apart)
        return lost

    def _poll(self, lane: Lane) -> None:
        half_window = self._half_window(lane)
        self._pause(lane, IDLE_POLL_SECONDS, half_window)
        depth = self._queue.depth(lane)
        depth += self._fill(lane, depth)
        if depth >= half_window:
            self._pause(lane, BUSY_POLL_SECONDS, depth - half_window)

    def _pause(self, lane: Lane, seconds: float, files: int) -> None:
        # Files of the other lanes end a hundred times as often as slow ones and must not use up the slow lane's count.
        self._poll_throttle.pause(lane, seconds, math.inf if lane == "slow" else files)

    def _half_window(self, lane: Lane) -> int:
        return (self._windows[lane] + 1) // 2

    def _fill(self, lane: Lane, depth: int) -> int:
        """Publish what a queue of this depth has room for, unless it is half full. Return the number of files."""
        if depth >= self._half_window(lane):
            return 0
        room = self._windows[lane] - depth
        with self._database.transaction() as session:
            is_only_feeder = locks.try_advisory_lock(session, locks.feeder(lane))
            files = self._take(session, lane, room) if is_only_feeder else []
        if not files:
            return 0
        try:
            self._queue.send(lane, files)
        except DependencyDown:
            with self._database.transaction() as session:
                feed.unpublish(session, [file.row for file in files])
            raise
        return len(files)

    def _take(self, session: Session, lane: Lane, room: int) -> list[QueuedFile]:
        # Files that another process has marked but not sent yet are in no queue, so the depth does not count them.
        window = self._windows[lane]
        room = min(room, window - feed.count_published(session, lane, slow_apart=self._slow_apart))
        room = _limit_during_outage(outages.read_state(session), room, window)
        return _TAKE[lane](session, room, slow_apart=self._slow_apart) if room > 0 else []


def _limit_during_outage(outage: OutageState, room: int, window: int) -> int:
    """Return how many files to publish: during an outage one probe, and only when nothing else is published."""
    if not outage.down:
        return room
    return 1 if outage.is_probe_due and room == window else 0


class FeederThread:
    """Top up for requests, which must not wait for a broker that is slow or down."""

    def __init__(self, feeder: Feeder) -> None:
        self._thread = PeriodicThread("feeder", None, feeder.top_up)

    def start(self) -> None:
        self._thread.start()

    def request_top_up(self) -> None:
        """Publish soon. Several requests at a time lead to one top-up."""
        self._thread.wake()

    def stop(self) -> None:
        """Carry out the last request, and stop."""
        self._thread.stop()
