"""The child process as the worker sees it; tests/steps/parse/test_sandbox.py has what a file can do to it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ingest.errors import Abandoned
from ingest.steps.parse.deadline import Deadline
from ingest.steps.parse.options import ParseOptions
from ingest.steps.parse.parser_process import ParserCrashed, ParserProcess, ParserTimeout, _environment
from ingest.steps.parse.sandbox_options import SandboxOptions
from tests.servers import wait_until


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ParserProcess]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    options = SandboxOptions("hostile", memory_mib=64, hard_memory_mib=1024, max_text_mib=1)
    process = ParserProcess(options, tmp_path)
    yield process
    process.kill()


REQUEST = {"kind": "html", "options": ParseOptions().to_json()}


def document(tmp_path: Path, instruction: str) -> Path:
    path = tmp_path / "blob"
    path.write_text(f"<html>{instruction}")
    return path


def test_a_request_is_answered_with_a_header_and_the_text(process: ParserProcess, tmp_path: Path) -> None:
    header, body = process.request(document(tmp_path, "answer"), REQUEST, Deadline(30), 60, lambda: True)

    assert header["outcome"] == "parsed"
    assert int(body) == process.pid


def test_a_request_past_its_deadline_times_out(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(ParserTimeout):
        process.request(document(tmp_path, "hang"), REQUEST, Deadline(0.1), 60, lambda: True)


def test_a_request_that_is_no_longer_wanted_is_abandoned(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(Abandoned):
        process.request(document(tmp_path, "hang"), REQUEST, Deadline(30), 60, lambda: False)


def test_a_process_that_ends_without_an_answer_has_crashed(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(ParserCrashed):
        process.request(document(tmp_path, "abort"), REQUEST, Deadline(30), 60, lambda: True)


def test_kill_ends_the_process_and_may_be_called_again(process: ParserProcess) -> None:
    assert process.is_alive()

    process.kill()
    process.kill()

    assert not process.is_alive()
    assert not psutil.pid_exists(process.pid)


def test_a_process_inherited_through_a_fork_is_not_killed(process: ParserProcess) -> None:
    process.owner_pid = os.getpid() + 1
    pid = process.pid

    assert not process.is_alive()
    process.kill()
    assert psutil.pid_exists(pid)

    process.owner_pid = os.getpid()


def test_the_parser_sees_the_file_only_while_it_is_parsed(process: ParserProcess, tmp_path: Path) -> None:
    process.request(document(tmp_path, "answer"), REQUEST, Deadline(30), 60, lambda: True)

    [folder] = (tmp_path / "run").iterdir()
    assert list(folder.iterdir()) == []
    assert folder.stat().st_mode & 0o077 == 0
    process.kill()
    assert list((tmp_path / "run").iterdir()) == []


def test_a_child_that_ended_is_not_reaped_before_its_group_is_killed(process: ParserProcess) -> None:
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not process.is_alive(), what="the end of the child")

    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE


def test_a_program_of_the_parser_sees_only_the_variables_that_parsers_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert "secret" not in str(_environment())
