"""Supervises the processes of the embedded service: starts them in order, restarts them, and stops all of them."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest.embedded.data_folder import make_data_folder
from ingest.embedded.process_logs import LogPipe, RotatedLog
from ingest.embedded.processes import ProcessSpec
from ingest.errors import Refused
from ingest.runtime.backoff import Backoff
from ingest.runtime.pdeathsig import die_with_parent

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
"""Grace period between SIGTERM and SIGKILL; half of it for the servers that stop last. The total is below 10 s."""

STABLE_SECONDS = 30.0
"""A process that ran this long is restarted at once. Others restart with exponential back-off."""

RESTART_BACKOFF = Backoff(first_seconds=0.5, longest_seconds=10.0)
TICK_SECONDS = 0.1
UP_COMMAND = "ingest up"
LOCK_RETRY_SECONDS = 0.2
LOG_SECONDS = 1.0
"""For the last lines of a process that has ended. A child process that lives on keeps its pipe open."""


@dataclass
class _Child:
    spec: ProcessSpec
    process: subprocess.Popen[bytes]
    started: float
    log: LogPipe
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs processes until `request_stop` or `stop` is called. Reports restarts as lines of text."""

    def __init__(self, logs: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._report = report
        self._logs_by_name: dict[str, RotatedLog] = {}
        self._children: list[_Child] = []
        self._stopping = False

    def start(self, specs: list[ProcessSpec]) -> None:
        """Start each process when the previous one is ready. Raises Refused, with all stopped, if one does not get ready."""
        try:
            for spec in specs:
                self._children.append(self._spawn(spec))
                self._wait_until_ready(self._children[-1])
        except OSError as exc:
            self.stop()
            raise Refused(f"{spec.name} cannot be started: {exc}") from exc
        except BaseException:
            self.stop()
            raise

    def run(self) -> None:
        """Restart processes that end, until `request_stop` is called."""
        while not self._stopping:
            for index, child in enumerate(self._children):
                self._children[index] = self._restart_if_ended(child)
            time.sleep(TICK_SECONDS)

    def request_stop(self, *_: object) -> None:
        """Make `run` return. Usable as a signal handler."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """Stop all processes, servers of state last. Kills those that exceed STOP_SECONDS, with their child processes."""
        self._stopping = True
        for stopped_last, grace_seconds in ((False, STOP_SECONDS), (True, STOP_SECONDS / 2)):
            group = [child for child in self._children if child.spec.stopped_last == stopped_last]
            for child in group:
                _signal(child, signal.SIGTERM)
            deadline = time.monotonic() + grace_seconds
            while time.monotonic() < deadline and any(child.process.poll() is None for child in group):
                time.sleep(TICK_SECONDS / 2)
            for child in group:
                _signal(child, signal.SIGKILL)
                child.process.wait()
                child.log.wait(LOG_SECONDS)
        self._children.clear()

    def _restart_if_ended(self, child: _Child) -> _Child:
        code = child.process.poll()
        if code is None:
            return child
        if child.restart_at is None:
            was_stable = time.monotonic() - child.started > STABLE_SECONDS
            child.failures = 1 if was_stable else child.failures + 1
            pause = 0.0 if was_stable else RESTART_BACKOFF.pause_seconds(child.failures - 1)
            child.restart_at = time.monotonic() + pause
            _signal(child, signal.SIGKILL)  # its child processes
            self._report(f"{child.spec.name} ended ({_ending(code)}); restarting")
        if time.monotonic() < child.restart_at:
            return child
        try:
            restarted = self._spawn(child.spec)
        except OSError as exc:  # temporary lack of memory or file handles; the other processes go on
            child.restart_at = time.monotonic() + RESTART_BACKOFF.longest_seconds
            self._report(f"{child.spec.name} cannot be started ({exc}); trying again")
            return child
        restarted.failures = child.failures
        return restarted

    def _spawn(self, spec: ProcessSpec) -> _Child:
        self._logs.mkdir(parents=True, exist_ok=True)
        log = LogPipe(self._logs_by_name.setdefault(spec.name, RotatedLog(self._logs / f"{spec.name}.log")))
        supervisor_pid = os.getpid()
        try:
            process = subprocess.Popen(
                spec.command,
                env=dict(spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log.write_end,
                stderr=log.write_end,
                cwd="/",  # the folder in which the service was started may go away
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(supervisor_pid),
            )
        except BaseException:
            log.cancel()
            raise
        log.start()
        return _Child(spec, process, time.monotonic(), log)

    def _wait_until_ready(self, child: _Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        # A process that has ended is not ready, even if another process answers at its address.
        while child.process.poll() is not None or not child.spec.is_ready():
            if self._stopping:
                raise Refused("Stopped before the service was ready.")
            if child.process.poll() is not None or time.monotonic() > deadline:
                child.log.wait(LOG_SECONDS)
                log = self._logs / f"{child.spec.name}.log"
                refusal = Refused(f"{child.spec.name} did not start; see {log}")
                refusal.add_note(_tail(log))
                raise refusal
            time.sleep(TICK_SECONDS / 4)


class DataFolderLocked(Refused):
    """Another process holds the data folder; `command` is its command."""

    def __init__(self, data: Path, holder: str) -> None:
        pid, _, self.command = holder.partition(" ")
        self.command = self.command or UP_COMMAND
        super().__init__(f"The data folder {data} is in use by another `{self.command}` (pid {pid}).")


@contextmanager
def lock_data_folder(data: Path, command: str = UP_COMMAND) -> Iterator[None]:
    """Hold the lock of a data folder during the context. Raises DataFolderLocked if another process holds it."""
    make_data_folder(data)
    try:
        lock = (data / "lock").open("a+")
    except OSError as exc:
        raise Refused(f"The data folder {data} cannot be used: {exc.strerror}.") from exc
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataFolderLocked(data, _read_holder(lock)) from None
        try:
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), f"{os.getpid()} {command}".encode())
        except OSError as exc:
            raise Refused(f"The data folder {data} cannot be written: {exc.strerror}.") from exc
        yield


@contextmanager
def lock_data_folder_when_free(data: Path, command: str, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a data folder during the context, after other commands have released it.

    Reports once for which command it waits. Raises DataFolderLocked if a running service holds the lock.
    """
    has_reported = False
    while True:
        with ExitStack() as stack:
            try:
                stack.enter_context(lock_data_folder(data, command))
            except DataFolderLocked as exc:
                if exc.command == UP_COMMAND:
                    raise
                if not has_reported:
                    report(f"{exc} Waiting for its end.")
                has_reported = True
            else:
                yield
                return
        time.sleep(LOCK_RETRY_SECONDS)


def _read_holder(lock: IO[str]) -> str:
    """Return the pid and the command of the process that holds the lock, which writes them after it has locked."""
    for _ in range(10):
        lock.seek(0)
        if holder := lock.read().strip():
            return holder
        time.sleep(LOCK_RETRY_SECONDS / 4)
    return ""


def _signal(child: _Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def _tail(log: Path) -> str:
    if not log.exists():  # the process has written nothing
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
