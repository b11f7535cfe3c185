"""The rate at which a verification reads bytes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Pace:
    """Sleeps so that no more than `bytes_per_second` are read on average; None reads as fast as possible."""

    bytes_per_second: float | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _ready_at: float = field(default=0.0, init=False)

    def spend(self, size: int) -> None:
        """Count bytes that were read, and sleep until they are within the rate."""
        if self.bytes_per_second is None:
            return
        now = self.clock()
        self._ready_at = max(self._ready_at, now) + size / self.bytes_per_second
        if self._ready_at > now:
            self.sleep(self._ready_at - now)
