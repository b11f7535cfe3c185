"""The processor time of one file: a file of 3 KB must not keep a core busy until its deadline."""

import time
from collections.abc import Callable, Mapping
from typing import Any

LIBRARY_SECONDS = 10.0
"""More time for a file that has a large library imported: 5 s for unstructured."""

_CPUCLOCK_OF_PROCESS = 2  # CPUCLOCK_SCHED in linux/posix-timers_types.h


def cpu_seconds_of(pid: int) -> float:
    """Return the processor time that a process has used so far, or 0 if it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_OF_PROCESS)
    except OSError:
        return 0.0


class CpuBudget:
    """The processor time left for one file. The time of OCR does not count, as in `Deadline`."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """`clock` returns the processor time that the parser process has used so far."""
        self._clock = clock
        self._limit = clock() + seconds
        self._left_during_ocr: float | None = None
        self._had_library_time = False

    def note(self, message: Mapping[str, Any]) -> None:
        """Note a message of the parser process (progress.py). Any number of messages about libraries gains once."""
        if "library" in message and not self._had_library_time:
            self._had_library_time = True
            self._limit += LIBRARY_SECONDS
        match message.get("ocr_page"):
            case "started" if self._left_during_ocr is None:
                self._left_during_ocr = self._limit - self._clock()
            case "ended" if self._left_during_ocr is not None:
                self._limit = self._clock() + self._left_during_ocr
                self._left_during_ocr = None

    @property
    def is_spent(self) -> bool:
        """Whether the file has used more."""
        return self._left_during_ocr is None and self._clock() > self._limit
