"""The parser's child process as seen from the worker: start it, send it requests, kill it with all descendants."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.environment import absolute_import_path, selected_environment
from ingest.errors import Abandoned
from ingest.steps.parse import frames
from ingest.steps.parse.child_folder import ChildFolder
from ingest.steps.parse.cpu_budget import CpuBudget, cpu_seconds_of
from ingest.steps.parse.deadline import Deadline
from ingest.steps.parse.group import processes_in_group, threads_of
from ingest.steps.parse.ocr.availability import PROGRAM_VARIABLES
from ingest.steps.parse.sandbox_options import SandboxOptions, StartArguments

START_SECONDS = 60.0
"""Time for the first frame of the child. It comes after 0.1 s on an idle machine."""

_POLL_SECONDS = 0.5  # interval at which cancellation and the deadline are checked
_MAX_THREADS = 64
_MAX_PROCESSES = 16  # of a parser that may run programs: it runs one at a time
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
    "PYTHONSAFEPATH": "1",
}


class ParserNotStarted(Exception):
    """The child could not be started, or did not get ready. The text says why, for the operator."""


class ParserCrashed(Exception):
    """The child ended without an answer. The text is the last line of its standard error, or empty."""


class ParserTimeout(Exception):
    """The child did not answer before the file's deadline."""


class CpuBudgetSpent(ParserTimeout):
    """The child used more processor time than the file has."""


class ParserProcess:
    """One running parser process. `cage` is what the child says of its restrictions (cage.CageState)."""

    def __init__(self, options: SandboxOptions, data: Path | None) -> None:
        """Start the child and wait until it is ready. Raises ParserNotStarted."""
        self.owner_pid = os.getpid()
        self._max_body = options.max_text_mib * 2**20 * 2
        self._options = options
        try:
            self._folder = ChildFolder(data)
        except OSError as exc:
            raise ParserNotStarted(f"no temporary folder: {exc}") from exc
        try:
            self._process, self._channel = _spawn(options, self._folder)
        except (OSError, subprocess.SubprocessError) as exc:
            self._folder.remove()
            raise ParserNotStarted(str(exc)) from exc
        try:
            self.cage: dict[str, Any] = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Return whether this process started the child and the child still runs."""
        return self.owner_pid == os.getpid() and not self._has_ended()

    def request(
        self,
        path: Path,
        header: dict[str, Any],
        deadline: Deadline,
        cpu_seconds: float,
        still_wanted: Callable[[], bool],
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> tuple[dict[str, Any], bytes]:
        """Send a request for the file at `path` and return the child's answer.

        `on_progress` is called with pages done and pages in all. Raises ParserCrashed, ParserTimeout, ParserNotStarted
        if the file cannot be given to the child, or Abandoned if `still_wanted()` is false. The child must then be killed.
        """
        budget = CpuBudget(cpu_seconds, lambda: cpu_seconds_of(self.pid))
        last_check = time.monotonic()

        def check_limits_and_cancellation() -> None:
            nonlocal last_check
            now = time.monotonic()
            if deadline.is_over:
                raise ParserTimeout
            if now - last_check >= _POLL_SECONDS * 0.9:
                last_check = now
                self._check_usage(budget)
                if not still_wanted():
                    raise Abandoned("The file is no longer wanted.")

        placed = self._place(path)
        try:
            frames.send_frame(self._channel, header | {"path": str(placed)})
            while (
                answer := frames.receive_frame(self._channel, self._max_body, check_limits_and_cancellation)
            ) is not None and (message := answer[0].get("progress")) is not None:
                check_limits_and_cancellation()
                _note_progress(message, deadline, budget, on_progress)
        except (ConnectionError, frames.InvalidFrame) as exc:
            raise ParserCrashed(self._folder.last_error_line()) from exc
        if answer is None:
            raise ParserCrashed(self._folder.last_error_line())
        self._check_threads()
        self._folder.clear()
        return answer

    def kill(self) -> None:
        """Kill the child and its descendants, and delete its folders. Does nothing if they are gone already."""
        self._channel.close()
        if self.owner_pid != os.getpid():  # inherited through a fork: the child belongs to the process that started it
            return
        # Kill before reaping the child: only until then is its process group id certain not to be reused.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.remove()

    def _wait_until_ready(self) -> dict[str, Any]:
        deadline = time.monotonic() + START_SECONDS

        def check_deadline() -> None:
            if time.monotonic() > deadline:
                raise ParserNotStarted(f"the parser process was not ready within {START_SECONDS:.0f} s")

        try:
            hello = frames.receive_frame(self._channel, 0, check_deadline)
        except (ConnectionError, frames.InvalidFrame) as exc:
            raise ParserNotStarted(self._reason_of_the_end()) from exc
        if hello is None or not isinstance(hello[0].get("cage"), dict):
            raise ParserNotStarted(self._reason_of_the_end())
        cage: dict[str, Any] = hello[0]["cage"]
        return cage

    def _reason_of_the_end(self) -> str:
        return self._folder.last_error_line() or "the parser process ended at its start"

    def _has_ended(self) -> bool:
        """Return whether the child has ended, without reaping it: `kill` needs its process group."""
        if self._process.returncode is not None:
            return True
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return True

    def _place(self, path: Path) -> Path:
        try:
            return self._folder.place(path)
        except OSError as exc:
            if not path.exists():  # the blob itself is missing
                raise
            raise ParserNotStarted(f"the file cannot be given to the parser process: {exc.strerror}") from exc

    def _check_usage(self, budget: CpuBudget) -> None:
        if budget.is_spent:
            raise CpuBudgetSpent
        self._check_threads()
        if self._options.may_run_programs and processes_in_group(self.pid) > _MAX_PROCESSES:
            raise ParserCrashed("it started too many processes")

    def _check_threads(self) -> None:
        if self._options.may_start_threads and threads_of(self.pid) > _MAX_THREADS:
            raise ParserCrashed("it started too many threads")


def _note_progress(
    message: Any, deadline: Deadline, budget: CpuBudget, on_progress: Callable[[int, int], None]
) -> None:
    if not isinstance(message, dict):
        raise frames.InvalidFrame("a message of progress is not an object")
    deadline.note(message)
    budget.note(message)
    if "done" not in message:
        return
    try:
        done, total = int(message["done"]), int(message["total"])
    except (KeyError, TypeError, ValueError, OverflowError) as exc:
        raise frames.InvalidFrame("a message of progress has no numbers") from exc
    on_progress(done, total)


def _spawn(options: SandboxOptions, folder: ChildFolder) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start the child in the root folder, because the folder of this process may be gone. Raises OSError."""
    channel, child_channel = socket.socketpair()
    scratch = tuple(map(str, folder.scratch))
    arguments = StartArguments(options, child_channel.fileno(), os.getpid(), str(folder.input), scratch)
    try:
        with child_channel, folder.errors.open("ab") as errors:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ingest.steps.parse.sandbox", arguments.to_json()],
                stdin=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[child_channel.fileno()],
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
    except BaseException:
        channel.close()
        raise
    channel.settimeout(_POLL_SECONDS)
    return process, channel


def _environment() -> dict[str, str]:
    inherited = selected_environment(PROGRAM_VARIABLES)
    # The child must find the same modules, however this process was started, but nothing in its working directory.
    return inherited | _FIXED_VARIABLES | {"PYTHONPATH": absolute_import_path(sys.path)}
