"""Parent-death signal: the kernel kills child processes when their parent ends, even when the parent is killed."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

# Loaded now: after a fork of a process with threads, loading may wait for a lock for ever.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int | None = None) -> None:
    """Have the kernel kill this process when its parent ends. Does nothing on systems other than Linux.

    `parent` is the expected parent's pid: this process exits at once if the parent ended before this call. The kernel
    counts the thread that started the child as its parent, so that thread must live as long as the child.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        os._exit(1)
