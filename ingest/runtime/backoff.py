"""The one formula for pauses between retries: exponential back-off with jitter."""

import random
from dataclasses import dataclass

_MAX_EXPONENT = 64  # far beyond any cap; a float overflows at 2**1024


@dataclass(frozen=True)
class Backoff:
    """Pauses that grow by `factor` from `first_seconds` to at most `longest_seconds`.

    `jitter` is the random share of each pause: 0.5 spreads pauses over the upper half, so that clients that failed
    together do not retry together. 0 gives exact pauses.
    """

    first_seconds: float
    longest_seconds: float
    factor: float = 2.0
    jitter: float = 0.0

    def pause_seconds(self, retries: int) -> float:
        """Return the pause before the next try, after this many retries (0 = the first try just failed)."""
        exponent = min(max(0, retries), _MAX_EXPONENT)
        pause = min(self.longest_seconds, self.first_seconds * self.factor**exponent)
        return pause * random.uniform(1.0 - self.jitter, 1.0)
