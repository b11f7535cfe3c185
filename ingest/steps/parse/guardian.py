"""The guardian of a parser process that may run programs: it kills what is left of its group when the parser ends.

The kernel kills the parser when its worker is killed, but a process that the parser has forked loses that protection.
"""

import os
import select
import signal
import time

_POLL_SECONDS = 0.5


def start_guardian() -> int:
    """Fork the guardian and return its pid. Call it before this process is locked, so that the guardian is not."""
    parser_pid = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.closerange(3, 1024)  # the channel too: the worker must see its end when the parser ends
        _wait_for_the_end_of(parser_pid)
        os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        os._exit(1)


def _wait_for_the_end_of(parent: int) -> None:
    # Not by the signal of a dead parent: Landlock lets a locked parser send no signal to processes outside.
    try:
        select.select([os.pidfd_open(parent)], [], [])
    except OSError:  # Linux before 5.3, or a container without this call
        while os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
