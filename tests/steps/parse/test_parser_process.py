"""The child process as the worker sees it; tests/steps/parse/test_sandbox.py has what a file can do to it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest.errors import Abandoned
from ingest.steps.parse.deadline import Deadline
from ingest.steps.parse.options import ParseOptions
from ingest.steps.parse.parser_process import ParserCrashed, ParserProcess, ParserTimeout


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[ParserProcess]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    process = ParserProcess(64, 1, "hostile")
    yield process
    process.kill()


def request_for(tmp_path: Path, instruction: str) -> dict[str, Any]:
    path = tmp_path / "blob"
    path.write_text(f"<html>{instruction}")
    return {"path": str(path), "kind": "html", "options": ParseOptions().to_json()}


def test_a_request_is_answered_with_a_header_and_the_text(process: ParserProcess, tmp_path: Path) -> None:
    header, body = process.request(request_for(tmp_path, "answer"), Deadline(30), lambda: True)

    assert header["outcome"] == "parsed"
    assert int(body) == process.pid


def test_a_request_past_its_deadline_times_out(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(ParserTimeout):
        process.request(request_for(tmp_path, "hang"), Deadline(0.1), lambda: True)


def test_a_request_that_is_no_longer_wanted_is_abandoned(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(Abandoned):
        process.request(request_for(tmp_path, "hang"), Deadline(30), lambda: False)


def test_a_process_that_ends_without_an_answer_has_crashed(process: ParserProcess, tmp_path: Path) -> None:
    with pytest.raises(ParserCrashed):
        process.request(request_for(tmp_path, "abort"), Deadline(30), lambda: True)


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
