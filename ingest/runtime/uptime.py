"""Time that no setting of the clock changes: the seconds since this machine was started."""

import socket
import time
from functools import cache
from pathlib import Path


def read() -> float:
    """Return the seconds since this machine was started, with those in which it was suspended where the system has them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@cache
def boot_id() -> str:
    """Return a name of this start of the machine: `read` can be compared only between readings with the same name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"host:{socket.gethostname()}"[:64]
