"""The parser's child process as seen from the worker: start it, send it requests, kill it with all descendants."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ingest.environment import selected_environment
from ingest.errors import Abandoned
from ingest.steps.parse import frames
from ingest.steps.parse.deadline import Deadline

_POLL_SECONDS = 0.5  # interval at which cancellation and the deadline are checked
# An allow-list, because parsers need no API keys and no database URL.
_INHERITED_VARIABLES = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT"),
    "TESSDATA_PREFIX",  # where Tesseract finds its languages
)
_FIXED_VARIABLES = {
    "DO_NOT_TRACK": "1",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    # One thread: worker processes are the parallelism, and each thread's stack counts against the memory limit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    # Keep freed memory for the next file: returning it after each file costs a fifth of the time of a small file.
    "MALLOC_TOP_PAD_": str(2 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(32 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "PYTHONUNBUFFERED": "1",
}


class ParserCrashed(Exception):
    """The child ended without an answer."""


class ParserTimeout(Exception):
    """The child did not answer before the file's deadline."""


class ParserProcess:
    """One running parser process."""

    def __init__(self, memory_mib: int, max_text_mib: int, handlers: str) -> None:
        self.owner_pid = os.getpid()
        self._max_body = max_text_mib * 2**20 * 2
        channel, child_channel = socket.socketpair()
        command = [sys.executable, "-m", "ingest.steps.parse.sandbox"]
        arguments = [child_channel.fileno(), self.owner_pid, memory_mib, max_text_mib, handlers]
        with child_channel:
            self._process = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                pass_fds=[child_channel.fileno()],
                env=_environment(),
                start_new_session=True,
            )
        self._channel = channel
        self._channel.settimeout(_POLL_SECONDS)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether this process started the child and the child still runs."""
        return self.owner_pid == os.getpid() and self._process.poll() is None

    def request(
        self,
        header: dict[str, Any],
        deadline: Deadline,
        still_wanted: Callable[[], bool],
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request and return the child's answer. `on_progress` is called with pages done and pages in all.

        Raises ParserCrashed, ParserTimeout, or Abandoned if `still_wanted()` is false. The child must then be killed.
        """
        last_check = time.monotonic()

        def check_deadline_and_cancellation() -> None:
            nonlocal last_check
            now = time.monotonic()
            if deadline.is_over:
                raise ParserTimeout
            if now - last_check >= _POLL_SECONDS * 0.9:
                last_check = now
                if not still_wanted():
                    raise Abandoned("The file is no longer wanted.")

        try:
            frames.send_frame(self._channel, header)
            while (
                answer := frames.receive_frame(self._channel, self._max_body, check_deadline_and_cancellation)
            ) is not None and (message := answer[0].get("progress")) is not None:
                check_deadline_and_cancellation()
                deadline.note(message)
                if "done" in message:
                    on_progress(int(message["done"]), int(message["total"]))
        except (ConnectionError, frames.InvalidFrame) as exc:
            raise ParserCrashed from exc
        if answer is None:
            raise ParserCrashed
        return answer

    def kill(self) -> None:
        """Kill the child and its descendants. Does nothing if they are gone already."""
        self._channel.close()
        if self.owner_pid != os.getpid():  # inherited through a fork: the child belongs to the process that started it
            return
        # Kill before reaping the child: only until then is its process group id certain not to be reused.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _environment() -> dict[str, str]:
    inherited = selected_environment(_INHERITED_VARIABLES)
    # The child must find the same modules, however this process was started.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    return inherited | _FIXED_VARIABLES | {"PYTHONPATH": path}
