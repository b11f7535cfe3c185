"""Files that would harm a parser or its machine end as they should, in bounded time and memory, and alone."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from ingest.config import Settings
from ingest.errors import FileError, InvalidFile
from ingest.steps.parse import Parsed, Parser
from tests.servers import wait_until
from tests.steps.parse import specimens
from tests.steps.parse.conftest import Make
from tests.steps.parse.specimens import Specimen

pytestmark = pytest.mark.services

DEADLINE_SECONDS = 25
SECONDS = 60
"""Twice the deadline, for a parser that died is tried once more, and some patience; an idle machine takes five."""

MEMORY_MIB = 512
AT_START_MIB = 100
"""What a parser and its libraries need without any file; the limit is above that."""


@pytest.fixture(scope="module")
def others() -> set[int]:
    """Children of this process that are none of ours: servers of other tests, which live as long as the session."""
    return _children()


@pytest.fixture(scope="module")
def parser(others: set[int]) -> Iterator[Parser]:
    """One for all, as in a worker: what a file does to it, the next one would feel."""
    parser = Parser(
        Settings(parse_timeout_seconds=DEADLINE_SECONDS, parse_timeout_seconds_per_mib=0, parse_memory_mib=MEMORY_MIB)
    )
    yield parser
    parser.close()
    assert _children() <= others, "A file left a process behind."


class Watched:
    """The most memory that any child of this process but the others had resident, and the ids of all that there were."""

    def __init__(self, others: set[int]) -> None:
        self.mib = 0
        self.pids: set[int] = set()
        self._others = others

    def look(self) -> None:
        for pid in _children() - self._others:
            self.pids.add(pid)
            self.mib = max(self.mib, _peak_mib(pid))


@contextmanager
def watching(others: set[int]) -> Iterator[Watched]:
    watched, over = Watched(others), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            watched.look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()
    watched.look()


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def _peak_mib(pid: int) -> int:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) // 1024 if found else 0


def _end(parser: Parser, path: Path, name: str) -> tuple[str, str]:
    """How a file ends, and what its text or its error says."""
    try:
        return "completed", parser.parse(path, name).text
    except FileError as exc:
        return exc.code, str(exc)


@pytest.mark.parametrize("specimen", specimens.ALL, ids=lambda specimen: specimen.name)
def test_it_ends_as_it_should_in_bounded_time_and_memory_and_leaves_the_next_file_alone(
    parser: Parser, others: set[int], make: Make, tmp_path: Path, specimen: Specimen
) -> None:
    path, neighbour = tmp_path / "blob", tmp_path / "neighbour"
    path.write_bytes(specimen.content())
    neighbour.write_bytes(make.docx(make.paragraph("A good neighbour.")))

    with watching(others) as watched:
        began = time.monotonic()
        outcome, said = _end(parser, path, specimen.name)
        took = time.monotonic() - began

    assert (outcome, bool(re.search(specimen.says, said))) == (specimen.outcome, True), said[:300]
    assert took < SECONDS
    assert watched.mib < MEMORY_MIB + AT_START_MIB
    if outcome != "completed":
        assert len(said) < 500
        assert str(tmp_path) not in said
    assert parser.parse(neighbour, "neighbour.docx") == Parsed("A good neighbour.", "docx")


def test_pandoc_does_not_outlive_a_parser_that_took_too_long(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(specimens.long_rtf(500_000))
    parser = Parser(Settings(parse_timeout_seconds=1, parse_timeout_seconds_per_mib=0))
    others = _children()

    with watching(others) as watched, pytest.raises(InvalidFile, match="could not be parsed within 1 s"):
        parser.parse(path, "long.rtf")

    pids = watched.pids - others
    assert len(pids) >= 2, "Pandoc was not started; nothing is shown."
    wait_until(lambda: not any(_lives(pid) for pid in pids), seconds=5, what="the end of pandoc")


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
