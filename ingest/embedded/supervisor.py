"""Starts the parts in order, restarts what dies, stops everything, and leaves no process behind."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest.embedded.parts import Part
from ingest.errors import Refused
from ingest.runtime.pdeathsig import die_with_parent

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
"""For the users of state, and half as much again for its servers: together below 10 s."""

STEADY_SECONDS = 30.0
"""A part that lived this long is restarted at once; one that did not waits longer each time."""

LONGEST_PAUSE_SECONDS = 10.0
TICK_SECONDS = 0.1
SERVICE = "ingest up"
LOG_BYTES = 50 * 2**20


@dataclass
class _Child:
    part: Part
    process: subprocess.Popen[bytes]
    started: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs parts until it is told to stop."""

    def __init__(self, logs: Path, tell: Callable[[str], None]) -> None:
        self._logs = logs
        self._tell = tell
        self._children: list[_Child] = []
        self._stopping = False

    def start(self, parts: list[Part]) -> None:
        """Start each part when the one before is ready. Raises Refused, with all stopped again, if one never is."""
        try:
            for part in parts:
                self._children.append(self._spawn(part))
                self._wait_until_ready(self._children[-1])
        except OSError as exc:
            self.stop()
            raise Refused(f"{part.name} cannot be started: {exc}") from exc
        except BaseException:
            self.stop()
            raise

    def run(self) -> None:
        """Watch over the parts until SIGINT or SIGTERM, restarting what ends."""
        while not self._stopping:
            for index, child in enumerate(self._children):
                self._children[index] = self._tended(child)
            time.sleep(TICK_SECONDS)

    def request_stop(self, *_: object) -> None:
        """Make `run` return; also a signal handler."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """Ask the users of state to end, then its servers; kill what does not, with all that it started."""
        self._stopping = True
        for last, patience in ((False, STOP_SECONDS), (True, STOP_SECONDS / 2)):
            group = [child for child in self._children if child.part.stopped_last == last]
            for child in group:
                _signal(child, signal.SIGTERM)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and any(child.process.poll() is None for child in group):
                time.sleep(TICK_SECONDS / 2)
            for child in group:
                _signal(child, signal.SIGKILL)
                child.process.wait()
        self._children.clear()

    def _tended(self, child: _Child) -> _Child:
        code = child.process.poll()
        if code is None:
            return child
        if child.restart_at is None:
            steady = time.monotonic() - child.started > STEADY_SECONDS
            child.failures = 1 if steady else child.failures + 1
            pause = 0.0 if steady else min(LONGEST_PAUSE_SECONDS, 0.25 * 2**child.failures)
            child.restart_at = time.monotonic() + pause
            _signal(child, signal.SIGKILL)  # what it started itself
            self._tell(f"{child.part.name} ended ({_ending(code)}); restarting")
        if time.monotonic() < child.restart_at:
            return child
        try:
            fresh = self._spawn(child.part)
        except OSError as exc:  # no memory or no handle left for it: that passes, and the other parts go on meanwhile
            child.restart_at = time.monotonic() + LONGEST_PAUSE_SECONDS
            self._tell(f"{child.part.name} cannot be started ({exc}); trying again")
            return child
        fresh.failures = child.failures
        return fresh

    def _spawn(self, part: Part) -> _Child:
        self._logs.mkdir(parents=True, exist_ok=True)
        path = self._logs / f"{part.name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        me = os.getpid()
        with path.open("ab") as log:
            process = subprocess.Popen(
                part.command,
                env=dict(part.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(me),
            )
        return _Child(part, process, time.monotonic())

    def _wait_until_ready(self, child: _Child) -> None:
        deadline = time.monotonic() + READY_SECONDS
        # A part that has ended is not ready, whoever else may answer at its address.
        while child.process.poll() is not None or not child.part.is_ready():
            if self._stopping:
                raise Refused("Stopped before it was ready.")
            if child.process.poll() is not None or time.monotonic() > deadline:
                log = self._logs / f"{child.part.name}.log"
                raise Refused(f"{child.part.name} did not start; see {log}\n{_tail(log)}")
            time.sleep(TICK_SECONDS / 4)


class Occupied(Refused):
    """Another process holds the data folder; `command` says which."""

    def __init__(self, data: Path, holder: str) -> None:
        pid, _, self.command = holder.partition(" ")
        self.command = self.command or SERVICE
        super().__init__(f"The data folder {data} is in use by another `{self.command}` (pid {pid}).")


@contextmanager
def owned(data: Path, command: str = SERVICE) -> Iterator[None]:
    """Hold a data folder for as long as the context lasts. Raises Occupied when another process holds it."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Occupied(data, lock.read().strip()) from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()} {command}")
        lock.flush()
        yield


def _signal(child: _Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, number)


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
