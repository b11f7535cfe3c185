"""The supervisor over small commands: order, restarts, stop, and the lock on the data folder."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ingest.embedded import supervisor as supervising
from ingest.embedded.parts import Part
from ingest.embedded.supervisor import Supervisor, owned
from ingest.errors import Refused
from tests.servers import wait_until


def part(name: str, code: str, ready: Path | None = None, *, stopped_last: bool = False) -> Part:
    """A part that runs some Python."""
    is_ready = ready.exists if ready is not None else lambda: True
    return Part(name, [sys.executable, "-c", code], dict(os.environ), is_ready, stopped_last)


FOR_EVER = "import time\nwhile True: time.sleep(1)"
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)"


pytestmark = pytest.mark.services


class Told(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def supervisor(tmp_path: Path, told: Told) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs", told)
    yield supervisor
    supervisor.stop()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_a_part_starts_when_the_one_before_is_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    slow = f"import time, pathlib; time.sleep(0.3); pathlib.Path({str(first)!r}).touch(); time.sleep(60)"
    checks = f"import pathlib, time; assert pathlib.Path({str(first)!r}).exists(); pathlib.Path({str(second)!r}).touch(); time.sleep(60)"

    supervisor.start([part("slow", slow, first), part("checks", checks, second)])

    assert second.exists()


def test_a_part_that_never_gets_ready_stops_the_others_and_shows_its_last_words(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    before = children()
    fails = part("fails", "print('no such luck'); raise SystemExit(4)", tmp_path / "never")

    with pytest.raises(Refused, match=r"fails did not start(?s:.*)no such luck"):
        supervisor.start([part("good", FOR_EVER), fails])

    assert children() == before


def test_a_part_that_dies_is_started_again(supervisor: Supervisor, told: Told, tmp_path: Path) -> None:
    count = tmp_path / "starts"
    code = f"open({str(count)!r}, 'a').write('x'); import os; os.abort()"
    supervisor.start([part("fragile", code)])

    watching = threading.Thread(target=supervisor.run)
    watching.start()
    wait_until(lambda: count.exists() and len(count.read_text()) >= 3)
    supervisor.request_stop()
    watching.join(5)

    assert told[0] == "fragile ended (killed by SIGABRT); restarting"


def test_a_part_that_ignores_the_request_to_stop_is_killed_with_its_children(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervising, "STOP_SECONDS", 0.3)
    ready = tmp_path / "ready"
    nested = f"import subprocess, sys, pathlib\nsubprocess.Popen([sys.executable, '-c', {DEAF!r}])\npathlib.Path({str(ready)!r}).touch()\n{DEAF}"
    before = children()
    supervisor.start([part("deaf", nested, ready)])
    assert len(children() - before) == 2

    supervisor.stop()

    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in children() - before))


def test_servers_of_state_are_stopped_after_those_who_use_them(supervisor: Supervisor, tmp_path: Path) -> None:
    log = tmp_path / "order"

    def named(name: str) -> str:
        return (
            "import signal, sys, time, pathlib\n"
            f"def end(*_):\n    open({str(log)!r}, 'a').write({name!r})\n    sys.exit()\n"
            f"signal.signal(signal.SIGTERM, end)\npathlib.Path({str(tmp_path / name)!r}).touch()\n"
            "while True: time.sleep(1)"
        )

    supervisor.start([part("s", named("s"), tmp_path / "s", stopped_last=True), part("u", named("u"), tmp_path / "u")])

    supervisor.stop()

    assert log.read_text() == "us"


def test_a_data_folder_has_one_owner(tmp_path: Path) -> None:
    with (
        owned(tmp_path),
        pytest.raises(Refused, match=f"in use by another `ingest up` \\(pid {os.getpid()}\\)"),
        owned(tmp_path),
    ):
        pass


def test_a_data_folder_that_was_left_can_be_owned_again(tmp_path: Path) -> None:
    with owned(tmp_path):
        pass
    with owned(tmp_path):
        pass


def test_a_part_that_cannot_be_started_again_does_not_take_the_others_with_it(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "LONGEST_PAUSE_SECONDS", 0.3)
    command = tmp_path / "part"
    command.write_text(f"#!{sys.executable}\n{FOR_EVER}\n")
    command.chmod(0o755)
    fragile = Part("fragile", [str(command)], dict(os.environ))
    before = children()
    supervisor = Supervisor(tmp_path / "logs", told)
    supervisor.start([part("steady", FOR_EVER), fragile])
    steady, first = sorted(children() - before)
    runner = threading.Thread(target=supervisor.run)
    runner.start()
    try:
        hidden = command.rename(tmp_path / "hidden")
        os.kill(first, 9)
        wait_until(lambda: any("fragile cannot be started" in line for line in told), what="a word about it")
        assert steady in children()

        hidden.rename(command)
        wait_until(lambda: len(children() - before) == 2, what="its start after all")
    finally:
        supervisor.request_stop()
        runner.join()
        supervisor.stop()


def test_a_part_that_cannot_be_started_at_all_is_refused(supervisor: Supervisor) -> None:
    before = children()
    with pytest.raises(Refused, match="missing cannot be started"):
        supervisor.start([part("steady", FOR_EVER), Part("missing", ["/there/is/no/such/program"], dict(os.environ))])

    assert children() == before
