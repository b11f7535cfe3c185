"""Leave no process behind: children that end with their parent, even when that is killed."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Loaded now: after a fork of a process with threads, loading may wait for a lock for ever.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when its parent ends (Linux; elsewhere nothing is done).

    `parent` is the expected parent's pid, for the case that it ended before this call.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
