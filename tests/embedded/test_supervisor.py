"""The supervisor over small commands: order, restarts, stop, and the lock on the data folder."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from ingest.embedded import supervisor as supervising
from ingest.embedded.processes import ProcessSpec
from ingest.embedded.supervisor import DataFolderLocked, Supervisor, lock_data_folder, lock_data_folder_when_free
from ingest.errors import Refused
from ingest.runtime.backoff import Backoff
from tests.servers import wait_until


def python_process(name: str, code: str, ready: Path | None = None, *, stopped_last: bool = False) -> ProcessSpec:
    """A process that runs some Python."""
    is_ready = ready.exists if ready is not None else lambda: True
    return ProcessSpec(name, [sys.executable, "-c", code], dict(os.environ), is_ready, stopped_last)


FOR_EVER = "import time\nwhile True: time.sleep(1)"
IGNORES_SIGTERM = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"


pytestmark = pytest.mark.services


class Reports(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def supervisor(tmp_path: Path, reports: Reports) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", reports)
    yield supervisor
    supervisor.stop()


def child_pids() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_a_process_starts_when_the_previous_one_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    slow = f"import time, pathlib; time.sleep(0.3); pathlib.Path({str(first)!r}).touch(); time.sleep(60)"
    checks = f"import pathlib, time; assert pathlib.Path({str(first)!r}).exists(); pathlib.Path({str(second)!r}).touch(); time.sleep(60)"

    supervisor.start([python_process("slow", slow, first), python_process("checks", checks, second)])

    assert second.exists()


def test_a_process_that_never_gets_ready_stops_the_others_and_its_log_is_shown(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    before = child_pids()
    fails = python_process("fails", "print('no such luck'); raise SystemExit(4)", tmp_path / "never")

    with pytest.raises(Refused, match=r"fails did not start(?s:.*)no such luck"):
        supervisor.start([python_process("good", FOR_EVER), fails])

    assert child_pids() == before


def test_a_process_that_ends_is_restarted(supervisor: Supervisor, reports: Reports, tmp_path: Path) -> None:
    count = tmp_path / "starts"
    code = f"open({str(count)!r}, 'a').write('x'); import os; os.abort()"
    supervisor.start([python_process("fragile", code)])

    watching = threading.Thread(target=supervisor.run)
    watching.start()
    wait_until(lambda: count.exists() and len(count.read_text()) >= 3)
    supervisor.request_stop()
    watching.join(5)

    assert reports[0] == "fragile ended (killed by SIGABRT); restarting"


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    nested = f"import subprocess, sys, pathlib\nsubprocess.Popen([sys.executable, '-c', {IGNORES_SIGTERM!r}])\npathlib.Path({str(ready)!r}).touch()\n{IGNORES_SIGTERM}"
    before = child_pids()
    supervisor.start([python_process("deaf", nested, ready)])
    assert len(child_pids() - before) == 2

    supervisor.stop()

    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in child_pids() - before))


def test_stateful_servers_stop_after_the_processes_that_use_them(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "order"

    def named(name: str) -> str:
        return (
            "import signal, sys, time, pathlib\n"
            f"def end(*_):\n    open({str(log)!r}, 'a').write({name!r})\n    sys.exit()\n"
            f"signal.signal(signal.SIGTERM, end)\npathlib.Path({str(tmp_path / name)!r}).touch()\n"
            "while True: time.sleep(1)"
        )

    supervisor.start(
        [
            python_process("s", named("s"), tmp_path / "s", stopped_last=True),
            python_process("u", named("u"), tmp_path / "u"),
        ]
    )

    supervisor.stop()

    assert log.read_text() == "us"


def test_only_one_process_can_lock_a_data_folder(tmp_path: Path) -> None:
    with (
        lock_data_folder(tmp_path),
        pytest.raises(Refused, match=f"in use by another `ingest up` \\(pid {os.getpid()}\\)"),
        lock_data_folder(tmp_path),
    ):
        pass


def test_the_service_waits_for_a_command_that_holds_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    verify = ExitStack()
    verify.enter_context(lock_data_folder(tmp_path, "ingest verify"))
    monkeypatch.setattr("ingest.embedded.supervisor.time.sleep", lambda _: verify.close())

    with lock_data_folder_when_free(tmp_path, supervising.UP_COMMAND, lines.append):
        pass

    folder = f"The data folder {tmp_path} is in use"
    assert lines == [f"{folder} by another `ingest verify` (pid {os.getpid()}). Waiting for its end."]


def test_the_service_does_not_wait_for_another_one(tmp_path: Path) -> None:
    with (
        lock_data_folder(tmp_path),
        pytest.raises(DataFolderLocked, match="in use by another `ingest up`"),
        lock_data_folder_when_free(tmp_path, supervising.UP_COMMAND, print),
    ):
        pass


def test_a_released_data_folder_can_be_locked_again(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path):
        pass
    with lock_data_folder(tmp_path):
        pass


def test_a_failed_restart_does_not_stop_the_other_processes(
    tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "RESTART_BACKOFF", Backoff(first_seconds=0.25, longest_seconds=0.3))
    command = tmp_path / "python_process"
    command.write_text(f"#!{sys.executable}\n{FOR_EVER}\n")
    command.chmod(0o755)
    fragile = ProcessSpec("fragile", [str(command)], dict(os.environ))
    before = child_pids()
    supervisor = Supervisor(tmp_path / "logs", reports)
    supervisor.start([python_process("steady", FOR_EVER), fragile])
    steady, first = sorted(child_pids() - before)
    runner = threading.Thread(target=supervisor.run)
    runner.start()
    try:
        hidden = command.rename(tmp_path / "hidden")
        os.kill(first, 9)
        wait_until(
            lambda: any("fragile cannot be started" in line for line in reports), what="a report of the failed restart"
        )
        assert steady in child_pids()

        hidden.rename(command)
        wait_until(lambda: len(child_pids() - before) == 2, what="the restart")
    finally:
        supervisor.request_stop()
        runner.join()
        supervisor.stop()


def test_a_process_that_cannot_be_started_is_refused(supervisor: Supervisor) -> None:
    before = child_pids()
    with pytest.raises(Refused, match="missing cannot be started"):
        supervisor.start(
            [
                python_process("steady", FOR_EVER),
                ProcessSpec("missing", ["/there/is/no/such/program"], dict(os.environ)),
            ]
        )

    assert child_pids() == before
