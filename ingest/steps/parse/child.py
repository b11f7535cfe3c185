"""The parser's child process as its worker sees it: started, asked, killed with all its descendants."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ingest.errors import Abandoned
from ingest.steps.parse import frames

_POLL_SECONDS = 0.5  # how soon a cancelled or overdue file is noticed
# Parsers need no keys and no database: what is not here does not reach them.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
_FIXED_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # One thread: workers are the parallelism, and every thread's stack counts against the memory limit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    # What one file took is kept for the next: giving it back after each costs a fifth of the time of a small one.
    "MALLOC_TOP_PAD_": str(2 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "PYTHONUNBUFFERED": "1",
}


class Died(Exception):
    """The child ended without an answer."""


class Overdue(Exception):
    """The child took longer than the file may take."""


class Child:
    """One running parser process."""

    def __init__(self, memory_mib: int, max_text_mib: int, handlers: str) -> None:
        self.owner = os.getpid()
        self._max_body = max_text_mib * 2**20 * 2
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "ingest.steps.parse.sandbox"]
        arguments = [theirs.fileno(), self.owner, memory_mib, max_text_mib, handlers]
        with theirs:
            self._process = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                start_new_session=True,
            )
        self._channel = ours
        self._channel.settimeout(_POLL_SECONDS)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it is this process's child and still running."""
        return self.owner == os.getpid() and self._process.poll() is None

    def ask(
        self, request: dict[str, Any], seconds: float, still_wanted: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Return the child's answer; raise Died, Overdue or Abandoned, after which only `kill` is of use."""
        deadline = time.monotonic() + seconds
        polled = time.monotonic()

        def idle() -> None:
            nonlocal polled
            now = time.monotonic()
            if now > deadline:
                raise Overdue
            if now - polled >= _POLL_SECONDS * 0.9:
                polled = now
                if not still_wanted():
                    raise Abandoned("The file is no longer wanted.")

        try:
            frames.send(self._channel, request)
            answer = frames.receive(self._channel, self._max_body, idle)
        except (ConnectionError, frames.Broken) as exc:
            raise Died from exc
        if answer is None:
            raise Died
        return answer

    def kill(self) -> None:
        """End the child and everything it started; harmless when it is gone already."""
        self._channel.close()
        if self.owner != os.getpid():  # inherited through a fork: it belongs to the other process
            return
        # Before it is reaped: until then its id, and so its group's, can't have been given to anybody else.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # The child must find the same modules, however this process was started.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return kept | _FIXED_ENVIRONMENT | {"PYTHONPATH": path}
