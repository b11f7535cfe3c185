"""A hostile file harms neither the worker nor the next file, whatever it does to the parser process."""

import errno
import functools
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ingest.config import Settings
from ingest.errors import Abandoned, DependencyDown, InvalidFile, UnsupportedFile
from ingest.steps.parse import Parser
from ingest.steps.parse.parser_process import ParserProcess

RunInstruction = Callable[..., str]


# The deadline grows with the size of the file. A tiny file has half a second; this padding extends it to the 30 s that
# the start of a process may take on a busy machine.
_PADDING = " " * 2**16


@pytest.fixture(scope="module")
def settings() -> Settings:
    settings = Settings(parse_timeout_seconds=0.45, parse_timeout_seconds_per_mib=480, parse_max_text_mib=1)
    return settings.model_copy(update={"parse_memory_mib": 64})  # less than Settings allow


@pytest.fixture(scope="module", autouse=True)
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))
        patch.setenv("INGEST_EMBEDDING_API_KEY", "secret")
        yield


@pytest.fixture
def hostile(settings: Settings) -> Iterator[Parser]:
    parser = Parser(settings, handlers="hostile", files_per_process=5)
    yield parser
    parser.close()


@pytest.fixture(scope="module")
def shared_parser(settings: Settings) -> Iterator[Parser]:
    """One parser for the tests that do not harm its child process."""
    parser = Parser(settings, handlers="hostile")
    yield parser
    parser.close()


@pytest.fixture
def run_instruction(hostile: Parser, tmp_path: Path) -> RunInstruction:
    """Parse a file with an instruction (hostile.py) in a new child process. The text is its process id by default."""
    return functools.partial(_run_instruction, hostile, tmp_path / "blob")


@pytest.fixture
def run_instruction_shared(shared_parser: Parser, tmp_path: Path) -> RunInstruction:
    """Parse a file with an instruction (hostile.py) in the child process that these tests share."""
    return functools.partial(_run_instruction, shared_parser, tmp_path / "blob")


def _run_instruction(parser: Parser, path: Path, text: str, padding: str = _PADDING) -> str:
    path.write_text(f"<html>{text}{padding}")
    return parser.parse(path, "instruction.html").text


def test_one_process_parses_many_files(run_instruction_shared: RunInstruction) -> None:
    assert run_instruction_shared("answer") == run_instruction_shared("answer")


def test_a_process_is_replaced_after_a_number_of_files(run_instruction: RunInstruction) -> None:
    pids = [run_instruction("answer") for _ in range(6)]

    assert len(set(pids[:5])) == 1
    assert pids[5] != pids[0]


def test_a_process_that_keeps_much_memory_is_replaced(
    run_instruction: RunInstruction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.steps.parse.parser._MAX_GROWTH_SHARE", 0.02)

    assert run_instruction("keep") != run_instruction("answer")


def test_a_file_that_hangs_its_parser_fails_at_its_deadline(run_instruction: RunInstruction) -> None:
    first = run_instruction("answer")

    with pytest.raises(InvalidFile, match="could not be parsed within 1 s"):
        run_instruction("hang", padding="")

    assert not psutil.pid_exists(int(first))
    assert run_instruction("answer") != first


def test_a_file_that_needs_too_much_memory_fails_and_the_process_is_replaced(run_instruction: RunInstruction) -> None:
    first = run_instruction("answer")

    with pytest.raises(InvalidFile, match="needs more than 64 MiB of memory"):
        run_instruction("eat")

    assert run_instruction("answer") != first


def test_a_file_that_always_crashes_its_parser_fails_and_the_next_one_works(run_instruction: RunInstruction) -> None:
    with pytest.raises(InvalidFile, match="crashed its parser"):
        run_instruction("abort")

    assert run_instruction("answer")


def test_a_file_that_crashes_its_parser_once_is_retried(hostile: Parser, tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("<html>report-and-wait 1" + _PADDING)
    pids: list[int] = []

    def kill_the_first(pid: int, _: int) -> None:
        pids.append(pid)
        if len(pids) == 1:
            os.kill(pid, signal.SIGKILL)

    text = hostile.parse(tmp_path / "blob", "instruction.html", on_progress=kill_the_first).text

    assert int(text) == pids[1] != pids[0]


def test_a_process_that_ended_between_files_is_replaced(run_instruction: RunInstruction) -> None:
    first = int(run_instruction("answer"))
    os.kill(first, signal.SIGKILL)

    assert int(run_instruction("answer")) != first


def test_an_unexpected_error_becomes_a_message_without_paths(run_instruction_shared: RunInstruction) -> None:
    with pytest.raises(InvalidFile) as caught:
        run_instruction_shared("raise")

    assert str(caught.value) == "The file could not be parsed as HTML: cannot read the file"


def test_a_file_error_in_the_child_reaches_the_worker_unchanged(run_instruction_shared: RunInstruction) -> None:
    with pytest.raises(UnsupportedFile, match="it is a test"):
        run_instruction_shared("refuse")


def test_output_that_a_library_prints_does_not_corrupt_the_answer(run_instruction_shared: RunInstruction) -> None:
    assert run_instruction_shared("print").isdecimal()


def test_a_text_that_is_too_long_fails(run_instruction_shared: RunInstruction) -> None:
    with pytest.raises(InvalidFile, match="more than 1 MiB of text"):
        run_instruction_shared(f"long {2**20 + 1}")


def test_a_blank_text_fails(run_instruction_shared: RunInstruction) -> None:
    with pytest.raises(InvalidFile, match="The file contains no text"):
        run_instruction_shared("blank")


def test_parsers_do_not_inherit_the_secrets_of_the_service(run_instruction_shared: RunInstruction) -> None:
    assert "INGEST_" not in run_instruction_shared("environment")


def test_a_file_that_is_no_longer_wanted_is_abandoned_at_once(hostile: Parser, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_text("<html>answer" + _PADDING)
    hostile.parse(path, "instruction.html")  # starts the child process
    path.write_text("<html>hang" + _PADDING)
    started = time.monotonic()

    with pytest.raises(Abandoned):
        hostile.parse(path, "instruction.html", still_wanted=lambda: False)

    assert time.monotonic() - started < 0.95


def test_a_file_that_burns_processor_time_fails_long_before_its_deadline(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("<html>burn")
    generous = settings.model_copy(update={"parse_timeout_seconds": 100.0, "parse_cpu_seconds": 0.3})
    parser = Parser(generous, handlers="hostile")

    with pytest.raises(InvalidFile, match=r"within \d+ s of processor time, which is the limit for its size"):
        parser.parse(tmp_path / "blob", "instruction.html")
    parser.close()


def test_a_part_that_is_missing_on_this_machine_is_not_the_fault_of_the_file(run_instruction: RunInstruction) -> None:
    with pytest.raises(DependencyDown, match="parser: a part of the parser is missing: no module named 'a_part'"):
        run_instruction("lack")


def test_an_answer_that_is_none_is_a_crash(hostile: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "blob").write_text("<html>answer" + _PADDING)
    monkeypatch.setattr(ParserProcess, "request", lambda *_: ({"outcome": "parsed", "grown_mib": "much"}, b"\xff"))

    with pytest.raises(InvalidFile, match="crashed its parser"):
        hostile.parse(tmp_path / "blob", "instruction.html")


def test_the_parser_runs_in_the_root_folder_and_imports_nothing_from_that_of_its_worker(
    hostile: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blob").write_text("<html>folder" + _PADDING)
    (tmp_path / "json.py").write_text("raise SystemExit('foreign code ran')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")

    folder, module = hostile.parse(tmp_path / "blob", "instruction.html").text.split()

    assert folder == "/"
    assert not module.startswith(str(tmp_path))


def test_the_parser_starts_when_the_folder_of_its_worker_is_gone(
    hostile: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blob").write_text("<html>answer" + _PADDING)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert hostile.parse(tmp_path / "blob", "instruction.html").text.isdecimal()


@pytest.mark.parametrize(("name", "value", "reason"), [
    ("executable", "/nowhere/python", "No such file or directory"),
    ("executable", "/bin/false", "the parser process ended at its start"),
])  # fmt: skip
def test_a_parser_that_cannot_start_is_a_dependency_that_is_down(
    hostile: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    (tmp_path / "blob").write_text("<html>answer" + _PADDING)
    monkeypatch.setattr(sys, name, value)

    with pytest.raises(DependencyDown, match=f"parser: .*{reason}") as failure:
        hostile.parse(tmp_path / "blob", "instruction.html")
    assert failure.value.dependency == "parser"

    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    assert hostile.parse(tmp_path / "blob", "instruction.html").text.isdecimal()


def test_the_reason_of_a_parser_that_cannot_start_is_its_last_line(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "blob").write_text("<html>answer")

    with pytest.raises(DependencyDown, match="ModuleNotFoundError: No module named 'missing_handlers'"):
        Parser(settings, handlers="missing_handlers").parse(tmp_path / "blob", "instruction.html")


def test_no_more_processes_is_a_dependency_that_is_down(
    hostile: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blob").write_text("<html>answer")

    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("ingest.steps.parse.parser_process.subprocess.Popen", refuse)

    with pytest.raises(DependencyDown, match="Resource temporarily unavailable"):
        hostile.parse(tmp_path / "blob", "instruction.html")
