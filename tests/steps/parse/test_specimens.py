"""Hostile and damaged files end as expected, in bounded time and memory, and do not affect the next file."""

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
from ingest.steps.parse import Parser
from tests.servers import wait_until
from tests.steps.parse import hostile_documents, specimens
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.specimens import Specimen

pytestmark = pytest.mark.services

DEADLINE_SECONDS = 25
MAX_SECONDS = 60
"""Twice the deadline, because a crashed parser is retried once, and a margin. An idle machine takes five seconds."""

MEMORY_MIB = 512
BASELINE_MIB = 100
"""Memory of a parser and its libraries without a file, which does not count against the limit."""


@pytest.fixture(scope="module")
def other_children() -> set[int]:
    """Child processes of other tests, which exist until the end of the session."""
    return _children()


@pytest.fixture(scope="module")
def parser(other_children: set[int]) -> Iterator[Parser]:
    """One parser for all files, as in a worker, so that the effect of one file on the next is tested."""
    parser = Parser(
        Settings(
            ocr="off",
            parse_timeout_seconds=DEADLINE_SECONDS,
            parse_timeout_seconds_per_mib=0,
            parse_memory_mib=MEMORY_MIB,
        )
    )
    yield parser
    parser.close()
    assert _children() <= other_children, "A file left a process behind."


class MemoryProbe:
    """Records the peak resident memory of child processes, and their ids, except for those of other tests."""

    def __init__(self, other_children: set[int]) -> None:
        self.peak_mib = 0
        self.pids: set[int] = set()
        self._other_children = other_children

    def sample(self) -> None:
        for pid in _children() - self._other_children:
            self.pids.add(pid)
            self.peak_mib = max(self.peak_mib, _peak_mib(pid))


@contextmanager
def probing(other_children: set[int]) -> Iterator[MemoryProbe]:
    probe, is_over = MemoryProbe(other_children), threading.Event()

    def run() -> None:
        while not is_over.wait(0.02):
            probe.sample()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield probe
    finally:
        is_over.set()
        thread.join()
    probe.sample()


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def _peak_mib(pid: int) -> int:
    try:
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(match[1]) // 1024 if match else 0


def _outcome(parser: Parser, path: Path, name: str) -> tuple[str, str]:
    """Parse a file and return its outcome and its text or error message."""
    try:
        return "completed", parser.parse(path, name).text
    except FileError as exc:
        return exc.code, str(exc)


@pytest.mark.parametrize("specimen", specimens.ALL, ids=lambda specimen: specimen.name)
def test_a_specimen_has_its_outcome_in_bounded_time_and_memory_and_does_not_affect_the_next_file(
    parser: Parser, other_children: set[int], documents: DocumentBuilder, tmp_path: Path, specimen: Specimen
) -> None:
    path, neighbour = tmp_path / "blob", tmp_path / "neighbour"
    path.write_bytes(specimen.content())
    neighbour.write_bytes(documents.docx(documents.paragraph("A good neighbour.")))

    with probing(other_children) as probe:
        started = time.monotonic()
        outcome, message = _outcome(parser, path, specimen.name)
        seconds = time.monotonic() - started

    assert (outcome, bool(re.search(specimen.message, message))) == (specimen.outcome, True), message[:300]
    assert seconds < MAX_SECONDS
    assert probe.peak_mib < MEMORY_MIB + BASELINE_MIB
    if outcome != "completed":
        assert len(message) < 500
        assert str(tmp_path) not in message
    assert parser.parse(neighbour, "neighbour.docx").text == "A good neighbour."


def test_a_parser_that_timed_out_leaves_no_process_behind(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(hostile_documents.long_rtf(3_000_000))
    parser = Parser(Settings(parse_timeout_seconds=1, parse_timeout_seconds_per_mib=0))
    other_children = _children()

    with probing(other_children) as probe, pytest.raises(InvalidFile, match="could not be parsed within 1 s"):
        parser.parse(path, "long.rtf")

    pids = probe.pids - other_children
    assert pids, "no parser was started, so the test proves nothing"
    wait_until(lambda: not any(_is_running(pid) for pid in pids), seconds=5, what="the end of the parser")


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
