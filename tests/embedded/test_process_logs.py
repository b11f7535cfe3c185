"""Logs of processes: bounded in size, complete until then, and no obstacle when the disk is full."""

import errno
import os
import sys
from pathlib import Path

import pytest

from ingest.embedded import process_logs
from ingest.embedded.process_logs import RotatedLog
from ingest.embedded.processes import ProcessSpec
from ingest.embedded.supervisor import Supervisor
from ingest.errors import Refused
from tests.servers import wait_until

MAX_BYTES = 10_000


def written(path: Path) -> bytes:
    """The content of a log and its predecessor."""
    predecessor = path.with_name(path.name + ".1")
    return b"".join(each.read_bytes() for each in (predecessor, path) if each.exists())


def test_a_log_that_is_full_moves_aside_with_whole_lines_and_nothing_is_lost(tmp_path: Path) -> None:
    log = RotatedLog(tmp_path / "api.log", MAX_BYTES)
    lines = [b"line %d %s\n" % (number, b"x" * (number % 70)) for number in range(300)]
    text = b"".join(lines)

    for start in range(0, len(text), 999):
        log.write(text[start : start + 999])

    assert written(log.path) == text
    assert log.path.with_name("api.log.1").read_bytes().endswith(b"\n")


def test_two_files_are_all_that_a_log_takes(tmp_path: Path) -> None:
    log = RotatedLog(tmp_path / "api.log", MAX_BYTES)

    for _ in range(500):
        log.write(b"x" * 99 + b"\n")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.log", "api.log.1"]
    assert len(written(log.path)) <= 2 * MAX_BYTES


def test_a_full_disk_loses_records_and_says_how_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = RotatedLog(tmp_path / "api.log", MAX_BYTES)
    log.write(b"before\n")

    def write_nothing(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(os, "write", write_nothing)
        log.write(b"x" * 1_000)
        log.write(b"x" * 500)
    log.write(b"after\n")

    assert log.path.read_bytes() == b"before\n... 1,500 bytes could not be written here\nafter\n"


@pytest.mark.services
def test_the_log_of_a_process_and_its_children_is_bounded_while_they_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_logs.RotatedLog.__init__, "__defaults__", (MAX_BYTES,))
    code = (
        "import os, subprocess, sys, time\n"
        "for _ in range(200): print('x' * 999, flush=True)\n"
        "subprocess.run([sys.executable, '-c', 'print(\"from a child\")'])\n"
        "time.sleep(60)"
    )
    supervisor = Supervisor(tmp_path, print)
    supervisor.start([ProcessSpec("loud", [sys.executable, "-c", code], dict(os.environ))])
    path = tmp_path / "loud.log"
    try:
        wait_until(
            lambda: path.with_name("loud.log.1").exists() and b"from a child" in written(path), what="its last line"
        )
    finally:
        supervisor.stop()

    assert len(written(path)) <= 2 * MAX_BYTES + process_logs.BLOCK_BYTES


@pytest.mark.services
def test_the_last_lines_of_a_process_are_in_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, print)
    ready = tmp_path / "ready"
    code = f"import time; open({str(ready)!r}, 'w'); print('last words', flush=True); time.sleep(60)"

    supervisor.start([ProcessSpec("quiet", [sys.executable, "-c", code], dict(os.environ), ready.exists)])
    wait_until(lambda: b"last words" in written(tmp_path / "quiet.log"), what="the line")
    supervisor.stop()

    assert (tmp_path / "quiet.log").stat().st_mode & 0o077 == 0


@pytest.mark.services
def test_a_process_that_ends_without_a_word_is_refused(tmp_path: Path) -> None:
    silent = ProcessSpec("silent", [sys.executable, "-c", "raise SystemExit(1)"], dict(os.environ), lambda: False)

    with pytest.raises(Refused, match="silent did not start"):
        Supervisor(tmp_path, print).start([silent])
