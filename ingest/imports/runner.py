"""Runs scheduled imports: one process for each run, so that none of them holds up a worker or the API."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest import ids
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.db.session import read_clock
from ingest.observability import logs
from ingest.runtime.pdeathsig import die_with_parent
from ingest.services import Services

MOST_ATTEMPTS = 10
"""Processes that one run may take down. Stopping them in order does not count, nor what is `LATER`, for a day."""

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 600.0
START_SECONDS = 60.0
"""So long the run is kept for a process that starts; after that it must do so itself."""

STOP_SECONDS = 3.0
"""Enough for a run to write down what it knows; what it does not is found out by the next process."""

FOLDERS = "ingest-scheduled-"
"""Begins the names of the folders in which processes work; the pid of their parent follows."""

ENDED, LOST, LATER = 0, 3, 75
"""Exit codes of a process: it is written down how the run ended; it is another's now; what it needs is down, or the
project has reached a limit that passes."""

STOPPED = (130, -signal.SIGTERM, -signal.SIGINT)
"""How a process ends that was asked to."""

LATER_SECONDS = 60.0

_log = logs.get(__name__)


@dataclass(frozen=True)
class Child:
    """A process at work on a run."""

    process: subprocess.Popen[bytes]
    folder: Path
    row: int
    fence: int
    attempts: int
    began_at: int
    keep_until: float


class Importer(threading.Thread):
    """Takes runs that are due, and those that another process lost, and starts `command` for them: with the run's row and
    fence, and an empty folder to work in.

    The thread that starts a child lives as long as the child may: the kernel ends it with its parent.
    """

    def __init__(
        self, services: Services, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name="importer", daemon=True)
        self._tools = services
        self._command = list(command)
        self._environment = {**os.environ, **(environment or {})}
        self._owner = f"{services.settings.node}/import-{uuid.uuid4().hex[:12]}"
        self._stopped = threading.Event()
        self._lost: set[int] = set()
        self.children: list[Child] = []

    def run(self) -> None:
        _tidy()
        try:
            while not self._stopped.wait(self._tools.settings.sweep_seconds / 2):
                self._tried(self.round)
        finally:
            self.end_children()

    def stop(self) -> None:
        """Begin nothing more, and ask those at work to stop; others go on with their runs."""
        self._stopped.set()
        if self.is_alive():
            self.join(STOP_SECONDS + 2)

    def round(self) -> None:
        """Tend those at work, and take up what there is room for."""
        self._tend()
        while len(self.children) < self._tools.settings.imports_at_once and self._take():
            pass

    def end_children(self) -> None:
        """Stop those at work: in order, and soon."""
        at_work = [child for child in self.children if child.process.poll() is None]
        for child in at_work:
            child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in self.children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            asked = child in at_work
            self._tried(lambda child=child, asked=asked: self._ended(child, asked=asked))  # type: ignore[misc]
        self.children.clear()

    def _take(self) -> bool:
        with self._tools.database.transaction() as session:
            taken = rows.take(session, self._owner, ids.new("imp_"), self._tools.settings.lease_seconds)
            if taken is not None and taken.attempts > MOST_ATTEMPTS:
                error = f"It was given up: {MOST_ATTEMPTS} processes ended before it did."
                rows.end(session, taken.row, taken.fence, "failed", error=error)
                _log.error("import_given_up", schedule=taken.id, run=taken.run_id)
                return True
        if taken is None:
            return False
        self._start(taken)
        return True

    def _start(self, taken: ImportSchedule) -> None:
        me, keep_until = os.getpid(), time.monotonic() + START_SECONDS
        folder = Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{me}-"))
        process = subprocess.Popen(
            [*self._command, str(taken.row), str(taken.fence), str(folder)],
            env=self._environment | {"TMPDIR": str(folder)},  # what a process leaves that is killed goes with it
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(me),
        )
        began_at = taken.began_at or 0
        self.children.append(Child(process, folder, taken.row, taken.fence, taken.attempts, began_at, keep_until))
        about = {"schedule": taken.id, "run": taken.run_id, "store": taken.vector_store_id, "pid": process.pid}
        _log.info("import_started", attempt=taken.attempts, **about)

    def _tend(self) -> None:
        for child in [*self.children]:
            if child.process.poll() is None:
                if self._holds(child):
                    continue
                if child.process.pid not in self._lost:
                    self._lost.add(child.process.pid)
                    continue
                # It has had a round's time to end by itself, so it is frozen.
                child.process.kill()
                child.process.wait()
            self.children.remove(child)
            self._lost.discard(child.process.pid)
            self._ended(child)

    def _holds(self, child: Child) -> bool:
        if time.monotonic() < child.keep_until:
            with self._tools.database.transaction() as session:
                return rows.renew(session, child.row, child.fence, self._tools.settings.lease_seconds)
        with self._tools.database.reading() as session:
            return rows.held(session, child.row, child.fence) is not None

    def _ended(self, child: Child, *, asked: bool = False) -> None:
        """Let others go on at once with what a process left undone; without this they would when the lease is over.

        `asked`: it was told to end, so that it did is no failure, however it did.
        """
        shutil.rmtree(child.folder, ignore_errors=True)
        code = child.process.returncode
        if code == ENDED:
            return
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (child.attempts - 1))
        stopped = asked or code in STOPPED
        after = 0.0 if stopped else LATER_SECONDS if code == LATER else pause
        with self._tools.database.transaction() as session:
            patience = child.began_at + self._tools.settings.retry_deadline_seconds - read_clock(session)
            counted = not stopped and not (code == LATER and patience > 0)
            back = rows.give_back(session, child.row, child.fence, after_seconds=after, counted=counted)
        if back:
            _log.warning("import_interrupted", row=child.row, exit=code, again_after_seconds=after)

    def _tried(self, what: Callable[[], None]) -> None:
        try:
            what()
        except Exception as exc:  # noqa: BLE001 - written down; the next round may do better
            _log.warning("importer_held_up", reason=str(exc))


def _tidy() -> None:
    """Remove the folders that killed parents left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        pid = folder.name.removeprefix(FOLDERS).partition("-")[0]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(folder, ignore_errors=True)
