"""What a parser child may do to a worker: nothing."""

import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from ingest.config import Settings
from ingest.errors import Abandoned, InvalidFile, UnsupportedFile
from ingest.steps.parse import Parser

Order = Callable[..., str]


# The deadline grows with the file: a tiny one has half a second, and with this padding the 30 s that a child's start
# may take on a busy machine.
_PATIENCE = " " * 2**16


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
def surviving(settings: Settings) -> Iterator[Parser]:
    """One parser for the tests that do its child no harm."""
    parser = Parser(settings, handlers="hostile")
    yield parser
    parser.close()


@pytest.fixture
def order(hostile: Parser, tmp_path: Path) -> Order:
    """Parse a file that tells a new child what to do; the text of an obeyed order is the child's process id."""
    return functools.partial(_order, hostile, tmp_path / "blob")


@pytest.fixture
def tell(surviving: Parser, tmp_path: Path) -> Order:
    """Parse a file that tells the child of all such tests what to do."""
    return functools.partial(_order, surviving, tmp_path / "blob")


def _order(parser: Parser, path: Path, text: str, patience: str = _PATIENCE) -> str:
    path.write_text(f"<html>{text}{patience}")
    return parser.parse(path, "order.html").text


def test_one_child_serves_many_files(tell: Order) -> None:
    assert tell("answer") == tell("answer")


def test_a_child_is_replaced_after_so_many_files(order: Order) -> None:
    pids = [order("answer") for _ in range(6)]

    assert len(set(pids[:5])) == 1
    assert pids[5] != pids[0]


def test_a_child_that_keeps_much_memory_is_replaced(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.steps.parse.parser._MAX_GROWTH_MIB", 50)

    assert order("keep") != order("answer")


def test_a_file_that_hangs_its_parser_fails_at_its_deadline(order: Order) -> None:
    first = order("answer")

    with pytest.raises(InvalidFile, match="could not be parsed within 1 s"):
        order("hang", patience="")

    assert not psutil.pid_exists(int(first))
    assert order("answer") != first


def test_grandchildren_die_with_the_parser(order: Order, tmp_path: Path) -> None:
    order("answer")

    with pytest.raises(InvalidFile, match="could not be parsed within"):
        order(f"hang-with-grandchild {tmp_path / 'pids'}", patience="")

    _assert_gone(tmp_path / "pids")


def test_a_file_that_needs_too_much_memory_fails_and_the_child_is_replaced(order: Order) -> None:
    first = order("answer")

    with pytest.raises(InvalidFile, match="needs more than 64 MiB of memory"):
        order("eat")

    assert order("answer") != first


def test_a_file_that_always_crashes_its_parser_fails_and_the_next_one_works(order: Order) -> None:
    with pytest.raises(InvalidFile, match="crashed its parser"):
        order("abort")

    assert order("answer")


def test_one_crash_is_forgiven(order: Order, tmp_path: Path) -> None:
    assert order(f"abort-once {tmp_path / 'crashed'}")


def test_a_child_that_died_between_files_is_replaced(order: Order) -> None:
    first = int(order("answer"))
    os.kill(first, signal.SIGKILL)

    assert int(order("answer")) != first


def test_an_unexpected_error_becomes_a_message_without_paths(tell: Order) -> None:
    with pytest.raises(InvalidFile) as caught:
        tell("raise")

    assert str(caught.value) == "The file could not be parsed as HTML: cannot read the file"


def test_an_error_of_ours_crosses_the_border_unchanged(tell: Order) -> None:
    with pytest.raises(UnsupportedFile, match="it is a test"):
        tell("refuse")


def test_what_a_library_prints_does_not_disturb_the_answer(tell: Order) -> None:
    assert tell("print").isdecimal()


def test_a_text_that_is_too_long_fails(tell: Order) -> None:
    with pytest.raises(InvalidFile, match="more than 1 MiB of text"):
        tell(f"long {2**20 + 1}")


def test_a_blank_text_fails(tell: Order) -> None:
    with pytest.raises(InvalidFile, match="The file contains no text"):
        tell("blank")


def test_parsers_have_no_network(tell: Order) -> None:
    with pytest.raises(InvalidFile, match="PermissionError"):
        tell("connect")


def test_parsers_are_not_told_the_service_s_secrets(tell: Order) -> None:
    assert "INGEST_" not in tell("environment")


def test_a_file_that_is_no_longer_wanted_is_abandoned_at_once(hostile: Parser, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_text("<html>hang" + _PATIENCE)
    began = time.monotonic()

    with pytest.raises(Abandoned):
        hostile.parse(path, "order.html", still_wanted=lambda: False)

    assert time.monotonic() - began < 0.95


def test_killing_the_worker_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text(f"<html>hang-with-pdeathsig {tmp_path / 'pids'}")
    program = (
        "import sys; from pathlib import Path; from ingest.config import Settings; from ingest.steps.parse import Parser;"
        "Parser(Settings(), handlers='hostile').parse(Path(sys.argv[1]), 'order.html')"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    worker = subprocess.Popen([sys.executable, "-c", program, tmp_path / "blob"], env=os.environ | {"PYTHONPATH": path})
    _wait_until((tmp_path / "pids").exists)

    worker.kill()
    worker.wait()

    _assert_gone(tmp_path / "pids")


def _assert_gone(pids: Path) -> None:
    for pid in map(int, pids.read_text().split()):
        _wait_until(functools.partial(_is_gone, pid))


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 s"
        time.sleep(0.02)
