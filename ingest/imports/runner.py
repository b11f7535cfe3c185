"""Runs scheduled imports, each in a process of its own, so that no import blocks a worker or the API."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest import ids
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.db.session import read_clock
from ingest.environment import whole_environment
from ingest.imports.interrupts import EXIT_INTERRUPTED
from ingest.observability import logs
from ingest.runtime.backoff import Backoff
from ingest.runtime.pdeathsig import die_with_parent
from ingest.runtime.periodic import PeriodicThread
from ingest.services import Services

MAX_ATTEMPTS = 10
"""Processes that one run may use up. A process that was stopped does not count; one that ended with EXIT_RETRY_LATER
counts only after the retry deadline."""

RETRY_BACKOFF = Backoff(first_seconds=2.0, longest_seconds=600.0)
STARTUP_SECONDS = 60.0
"""For this long the runner renews the lease of a process that starts. Then the process must renew it itself."""

STOP_SECONDS = 3.0
"""Enough for a run to record its state. The next process finds out what was not recorded."""

FOLDER_PREFIX = "ingest-scheduled-"
"""Prefix of the folders in which processes work; the pid of their parent follows."""

EXIT_ENDED = 0
"""Exit code of a process that recorded the result of its run."""
EXIT_LEASE_LOST = 3
"""Exit code of a process whose run belongs to another process."""
EXIT_RETRY_LATER = 75
"""Exit code of a process that could not work: a dependency is down, or the project has reached a temporary limit."""
EXIT_STOPPED = (EXIT_INTERRUPTED, -signal.SIGTERM, -signal.SIGINT)
"""Exit codes of a process that was asked to stop."""

DEPENDENCY_RETRY_SECONDS = 60.0
"""The pause after EXIT_RETRY_LATER."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class ImportProcess:
    """A process that executes a run."""

    popen: subprocess.Popen[bytes]
    folder: Path
    row: int
    fence: int
    attempts: int
    began_at: int
    startup_deadline: float


class ImportRunner:
    """Claims runs that are due or whose lease expired, and starts a process for each.

    The process is `command` with three arguments: the run's row, its fencing token, and an empty folder to work in. The
    thread that starts processes must live as long as they do: the kernel kills a process when that thread ends.
    """

    def __init__(
        self, services: Services, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._services = services
        self._command = list(command)
        self._environment = whole_environment() | (dict(environment) if environment else {})
        self._lease_holder = f"{services.settings.node}/import-{uuid.uuid4().hex[:12]}"
        interval = services.settings.sweep_seconds / 2
        self._thread = PeriodicThread(
            "imports", interval, self.run_once, on_start=_delete_orphaned_folders, on_exit=self.stop_processes
        )
        self._pids_without_lease: set[int] = set()
        self.processes: list[ImportProcess] = []

    def start(self) -> None:
        """Run due imports in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Start no more processes and stop the present ones. Other runners resume their runs."""
        self._thread.stop(STOP_SECONDS + 2)

    def run_once(self) -> None:
        """Check the present processes, and start new ones up to `imports_at_once`."""
        self._check_processes()
        while len(self.processes) < self._services.settings.imports_at_once and self._claim_run():
            pass

    def stop_processes(self) -> None:
        """Send SIGTERM to all processes, and SIGKILL to those that run on after STOP_SECONDS."""
        running = [process for process in self.processes if process.popen.poll() is None]
        for process in running:
            process.popen.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes:
            try:
                process.popen.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()
            try:
                self._release_run(process, was_stopped=process in running)
            except Exception as exc:  # noqa: BLE001 - the other runs are still released; this lease expires
                _log.warning("import_release_failed", row=process.row, reason=str(exc))
        self.processes.clear()

    def _claim_run(self) -> bool:
        """Claim a run and start its process. Return False when there is none."""
        with self._services.database.transaction() as session:
            schedule = rows.claim_run(
                session, self._lease_holder, ids.new("imp_"), self._services.settings.lease_seconds
            )
            if schedule is not None and schedule.attempts > MAX_ATTEMPTS:
                error = f"The import was given up: {MAX_ATTEMPTS} processes ended before it did."
                rows.end_run(session, schedule.row, schedule.fence, "failed", error=error)
                _log.error("import_given_up", schedule=schedule.id, run=schedule.run_id)
                return True
        if schedule is None:
            return False
        self._start_process(schedule)
        return True

    def _start_process(self, schedule: ImportSchedule) -> None:
        parent_pid, startup_deadline = os.getpid(), time.monotonic() + STARTUP_SECONDS
        folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{parent_pid}-"))
        popen = subprocess.Popen(
            [*self._command, str(schedule.row), str(schedule.fence), str(folder)],
            env=self._environment | {"TMPDIR": str(folder)},  # temporary files of a killed process go with its folder
            stdin=subprocess.DEVNULL,
            cwd="/",
            preexec_fn=lambda: die_with_parent(parent_pid),
        )
        self.processes.append(
            ImportProcess(
                popen, folder, schedule.row, schedule.fence, schedule.attempts, schedule.began_at or 0, startup_deadline
            )
        )
        _log.info(
            "import_started",
            attempt=schedule.attempts,
            schedule=schedule.id,
            run=schedule.run_id,
            store=schedule.vector_store_id,
            pid=popen.pid,
        )

    def _check_processes(self) -> None:
        """Release the runs of processes that ended, and kill processes that lost their lease but do not end."""
        for process in [*self.processes]:
            pid = process.popen.pid
            if process.popen.poll() is None:
                if self._has_lease(process):
                    continue
                if pid not in self._pids_without_lease:
                    # A process that loses its lease ends itself, so it gets one interval to do so.
                    self._pids_without_lease.add(pid)
                    continue
                process.popen.kill()
                process.popen.wait()
            self.processes.remove(process)
            self._pids_without_lease.discard(pid)
            self._release_run(process)

    def _has_lease(self, process: ImportProcess) -> bool:
        """Return whether a process holds its run. Renews the lease of a process that is starting."""
        if time.monotonic() < process.startup_deadline:
            with self._services.database.transaction() as session:
                return rows.renew_lease(session, process.row, process.fence, self._services.settings.lease_seconds)
        with self._services.database.reading() as session:
            return rows.get_held_run(session, process.row, process.fence) is not None

    def _release_run(self, process: ImportProcess, *, was_stopped: bool = False) -> None:
        """Release the run of a process that ended early, so that others can resume it before the lease expires.

        With `was_stopped` the attempt does not count, whatever the exit code.
        """
        shutil.rmtree(process.folder, ignore_errors=True)
        exit_code = process.popen.returncode
        if exit_code == EXIT_ENDED:
            return
        was_stopped = was_stopped or exit_code in EXIT_STOPPED
        if was_stopped:
            pause = 0.0
        elif exit_code == EXIT_RETRY_LATER:
            pause = DEPENDENCY_RETRY_SECONDS
        else:
            pause = RETRY_BACKOFF.pause_seconds(process.attempts - 1)
        with self._services.database.transaction() as session:
            retry_deadline = process.began_at + self._services.settings.retry_deadline_seconds
            is_deferred = exit_code == EXIT_RETRY_LATER and read_clock(session) < retry_deadline
            counted = not was_stopped and not is_deferred
            is_released = rows.release_run(session, process.row, process.fence, after_seconds=pause, is_counted=counted)
        if is_released:
            _log.warning("import_interrupted", row=process.row, exit_code=exit_code, retry_after_seconds=pause)


def _delete_orphaned_folders() -> None:
    """Delete the folders of parents that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        pid = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
