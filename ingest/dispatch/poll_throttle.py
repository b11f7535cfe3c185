"""Limits how often the workers of one machine poll the broker: each lane is polled by one of them for all."""

import mmap
import time

from ingest.status import LANES, Lane


class PollThrottle:
    """The next poll of each lane, in memory that processes share when they are forked after its creation.

    Without locks: now and then two processes poll at once or count one file less. The other half of the queue makes up
    for that.
    """

    def __init__(self) -> None:
        shared = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("d")
        self._paused_until, self._files_to_go = shared[: len(LANES)], shared[len(LANES) : 2 * len(LANES)]

    def pause(self, lane: Lane, seconds: float, files: float) -> None:
        """Let no process poll a lane for `seconds`, or until `files` more files of any lane have ended."""
        position = LANES.index(lane)
        self._paused_until[position], self._files_to_go[position] = time.monotonic() + seconds, files

    def is_due_after_file(self, lane: Lane) -> bool:
        """Count one ended file, and return whether to poll a lane now."""
        position = LANES.index(lane)
        self._files_to_go[position] -= 1
        return self._files_to_go[position] < 0 or time.monotonic() >= self._paused_until[position]
