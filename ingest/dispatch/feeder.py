"""The feeder: keeps the broker's queues short and full, chosen fairly, from the rows that wait in the database.

The database is the queue of record and a message only a wake-up, so a million-file batch costs the broker no more than
a small one, and a message that is lost is sent again (DESIGN section 3).
"""

import mmap
import threading
import time

from sqlalchemy.orm import Session

from ingest.config import Settings
from ingest.db.queue import feed as waiting
from ingest.db.queue import outages
from ingest.db.queue.feed import Waiting
from ingest.db.queue.outages import Standing
from ingest.db.session import Database, alone
from ingest.dispatch.broker import Queue
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.status import Lane

LANES: tuple[Lane, ...] = ("interactive", "bulk")

LOST_AFTER_SECONDS = 5.0
"""A message published this long ago is lost when its queue is empty: a worker claims what it takes in milliseconds."""

STALE_AFTER_SECONDS = 600.0
"""And lost in any case after this, for one that was lost alone while its queue was never empty."""

IDLE_PAUSE_SECONDS = 0.25
"""Workers that found nothing waiting in a lane do not ask again for this long; requests and the sweep do besides."""

BUSY_PAUSE_SECONDS = 0.05
"""And those that found the queue half full, or filled it, for this long, if they do not empty the other half before."""

_log = logs.get(__name__)


class PollThrottle:
    """When workers look at a lane again. Processes that are forked later share it: one of them looks for all.

    None waits for another, so now and then two look at once, or count a file less; the queue's other half makes up for it.
    """

    def __init__(self) -> None:
        shared = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")
        self._until, self._files = shared[: len(LANES)], shared[len(LANES) : 2 * len(LANES)]

    def pause(self, lane: Lane, seconds: float, files: int) -> None:
        """Let nobody look for so long, or until so many files have ended."""
        at = LANES.index(lane)
        self._until[at], self._files[at] = time.monotonic() + seconds, files

    def is_due_after_file(self, lane: Lane) -> bool:
        """Whether to look, now that one more file has ended."""
        at = LANES.index(lane)
        self._files[at] -= 1
        return self._files[at] < 0 or time.monotonic() >= self._until[at]


class Feeder:
    """Publishes waiting files, at most `dispatch_window` a lane."""

    def __init__(self, database: Database, queue: Queue, settings: Settings, pauses: PollThrottle) -> None:
        self._database = database
        self._queue = queue
        self._window = settings.dispatch_window
        self._enough = (self._window + 1) // 2
        self._pauses = pauses

    def top_up(self) -> int:
        """Publish what there is room for and say how many. A broker that is down is logged: the sweep tries again."""
        try:
            return sum(self._fill(lane, self._queue.depth(lane)) for lane in LANES)
        except DependencyDown as exc:
            _log.warning("dispatch_failed", dependency=exc.dependency, reason=str(exc))
            return 0

    def top_up_after_file(self) -> None:
        """The worker's call after each file: as `top_up`, but cheap for queues that it saw a moment ago."""
        try:
            for lane in LANES:
                if self._pauses.is_due_after_file(lane):
                    self._look_after(lane)
        except DependencyDown as exc:
            _log.warning("dispatch_failed", dependency=exc.dependency, reason=str(exc))

    def _look_after(self, lane: Lane) -> None:
        self._pauses.pause(lane, IDLE_PAUSE_SECONDS, self._enough)
        depth = self._queue.depth(lane)
        depth += self._fill(lane, depth)
        if depth >= self._enough:
            self._pauses.pause(lane, BUSY_PAUSE_SECONDS, depth - self._enough)

    def republish_lost(self) -> int:
        """Publish again what was told to a broker that lost it; how many."""
        lost = 0
        for lane in LANES:
            age = LOST_AFTER_SECONDS if self._queue.depth(lane) == 0 else STALE_AFTER_SECONDS
            with self._database.transaction() as session:
                lost += waiting.unpublish(session, older_than_seconds=age, interactive=lane == "interactive")
        return lost

    def _fill(self, lane: Lane, depth: int) -> int:
        """Publish what a queue of this depth has room for, unless it is half full; how many."""
        if depth >= self._enough:
            return 0
        room = self._window - depth
        with self._database.transaction() as session:
            files = self._taken(session, lane, room) if alone(session, f"feeder:{lane}") else []
        if not files:
            return 0
        try:
            self._queue.send(lane, files)
        except DependencyDown:
            with self._database.transaction() as session:
                waiting.forget(session, [file.row for file in files])
            raise
        return len(files)

    def _taken(self, session: Session, lane: Lane, room: int) -> list[Waiting]:
        # What another process took but has not sent yet is in the rows already, and not in the queue.
        room = min(room, self._window - waiting.told(session, interactive=lane == "interactive"))
        room = _room(outages.standing(session), room, self._window)
        take = waiting.take_interactive if lane == "interactive" else waiting.take_bulk
        return take(session, room) if room > 0 else []


def _room(now: Standing, room: int, window: int) -> int:
    """How many to publish: while something is down only the one that tries, and that when nothing else is told."""
    if not now.down:
        return room
    return 1 if now.try_due and room == window else 0


class FeederThread(threading.Thread):
    """Tops up in the place of requests, which must not wait for a broker that is slow or away."""

    def __init__(self, feeder: Feeder) -> None:
        super().__init__(name="publisher", daemon=True)
        self._feeder = feeder
        self._asked = threading.Event()
        self._stopped = False

    def request_top_up(self) -> None:
        """Publish soon; asked often at once, it publishes once."""
        self._asked.set()

    def run(self) -> None:
        while not self._stopped:
            self._asked.wait()
            self._asked.clear()
            try:
                self._feeder.top_up()
            except Exception:  # noqa: BLE001 - written down; the sweep publishes what this did not
                _log.exception("publisher_crashed")

    def stop(self) -> None:
        """Let the present round end."""
        self._stopped = True
        self._asked.set()
        self.join(5)
