"""Hostile code in the parser process (attacks.py) is refused, by root and by another user, and ends with its worker."""

import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
import psutil
import pytest

from ingest.config import Settings
from ingest.errors import DependencyDown, InvalidFile
from ingest.steps.parse import Parser
from ingest.steps.parse.cage.landlock import landlock_version
from tests.servers import NOBODY, wait_until

WORKER = """
import sys
from pathlib import Path
from ingest.config import Settings
from ingest.observability import logs
from ingest.steps.parse import Parser, parser_starter
if sys.argv[3] == "programs":
    parser_starter.selected_engine = lambda options: "tesseract"
logs.configure(Settings())
parser = Parser(Settings(data=Path(sys.argv[2]), ocr="off"), handlers="hostile")
report = lambda *pids: print(parser._process.pid, *pids, flush=True)
print(parser.parse(Path(sys.argv[1]), "instruction.html", on_progress=report).text)
parser.close()
"""
needs_landlock = pytest.mark.skipif(not landlock_version(), reason="the kernel has no Landlock")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can enter, with a data folder in it."""
    folder = Path(tempfile.mkdtemp(prefix="ingest-cage-"))
    (folder / "data" / "blobs").mkdir(parents=True)
    (folder / "outside").mkdir()
    for name in ("data/ingest.db", "data/blobs/other", "outside/file"):
        (folder / name).write_text("secret")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def worker_command(folder: Path, instruction: str, *, programs: bool = False, user: int | None = None) -> list[str]:
    (folder / "document").write_text(f"<html>{instruction}")
    python = sys.executable if user is None else python_of_others()
    return [python, "-c", WORKER, str(folder / "document"), str(folder / "data"), "programs" if programs else "none"]


def environment() -> dict[str, str]:
    """Return variables with which another user's Python finds the same modules."""
    path = [str(Path(__file__).parent), *(entry for entry in sys.path if entry), str(Path(__file__).parents[3])]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path), "INGEST_EMBEDDING_API_KEY": "secret"}


def python_of_others() -> str:
    """Return a Python of the same version that every user can run."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        if Path(python).exists() and _can_run(python):
            return python
    pytest.skip("no Python of this version can be run by another user")


def _can_run(python: str) -> bool:
    program = "import ingest.config"
    try:
        done = subprocess.run(
            [python, "-c", program],
            user=NOBODY,
            group=NOBODY,
            env=environment(),
            cwd="/",
            capture_output=True,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


@needs_landlock
@pytest.mark.parametrize("user", [None, NOBODY])
def test_every_attack_from_the_parser_is_refused(folder: Path, port: int, user: int | None) -> None:
    if user is not None:
        if os.getuid():
            pytest.skip("only root can change the user; this test has run as another user already")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user)
    places = {"data": str(folder / "data"), "outside": str(folder / "outside"), "port": port}
    command = worker_command(folder, f"attack {json.dumps(places)}", user=user)

    done = subprocess.run(
        command, user=user, group=user, env=environment(), cwd=folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout.splitlines()[-1])
    assert len(outcomes) > 50
    assert {name for name, outcome in outcomes.items() if not outcome.startswith("refused")} == set()
    assert (folder / "outside" / "file").read_text() == "secret"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Parser]]:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    parsers: list[Parser] = []

    def make(engine: str | None = None, **values: object) -> Parser:
        monkeypatch.setattr("ingest.steps.parse.parser_starter.selected_engine", lambda _: engine)
        parsers.append(Parser(Settings.model_validate({"data": tmp_path, **values}), handlers="hostile"))
        return parsers[-1]

    yield make
    for parser in parsers:
        parser.close()


def parse(parser: Parser, tmp_path: Path, instruction: str) -> str:
    (tmp_path / "blob").write_text(f"<html>{instruction}")
    return parser.parse(tmp_path / "blob", "instruction.html").text


def test_calls_of_another_abi_end_the_parser(hostile: Callable[..., Parser], tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="crashed its parser"):
        parse(hostile(), tmp_path, "x32")


@pytest.mark.parametrize(("engine", "bomb"), [("tesseract", "fork-bomb"), ("rapidocr", "thread-bomb")])
def test_a_bomb_of_processes_or_threads_is_ended(
    hostile: Callable[..., Parser], tmp_path: Path, engine: str, bomb: str
) -> None:
    others = set(psutil.Process().children(recursive=True))

    with pytest.raises(InvalidFile, match="crashed its parser"):
        parse(hostile(engine), tmp_path, bomb)

    wait_until(lambda: set(psutil.Process().children(recursive=True)) <= others, what="the end of all processes")


@pytest.mark.parametrize("programs", [False, True])
def test_nothing_that_the_parser_started_outlives_its_killed_worker(folder: Path, programs: bool) -> None:
    instruction = "hang-with-processes" if programs else "report-and-wait 600"
    command = worker_command(folder, instruction, programs=programs)
    with subprocess.Popen(command, env=environment(), cwd=folder, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        parser, *others = map(int, worker.stdout.readline().split())
        processes = {parser, *(others if programs else []), *(p.pid for p in psutil.Process(parser).children(True))}
        assert len(processes) >= (4 if programs else 1)

        worker.send_signal(signal.SIGKILL)

        for pid in processes:
            wait_until(functools.partial(_is_gone, pid), what=f"the end of process {pid}")


def test_what_the_parser_started_ends_with_the_parser(hostile: Callable[..., Parser], tmp_path: Path) -> None:
    parser, pids = hostile("tesseract", parse_timeout_seconds=1), list[int]()
    (tmp_path / "blob").write_text("<html>hang-with-processes")

    with pytest.raises(InvalidFile, match="could not be parsed within"):
        parser.parse(tmp_path / "blob", "instruction.html", on_progress=lambda *reported: pids.extend(reported))

    assert len(pids) == 2
    for pid in pids:
        wait_until(functools.partial(_is_gone, pid), what=f"the end of process {pid}")


def test_without_landlock_and_seccomp_files_are_parsed_unless_the_cage_is_required(
    hostile: Callable[..., Parser], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_OLD_KERNEL)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    assert parse(hostile(), tmp_path, "answer").isdecimal()
    with pytest.raises(DependencyDown, match=r"INGEST_PARSER_CAGE=require, and the kernel does not offer Landlock"):
        parse(hostile(parser_cage="require"), tmp_path, "answer")


@pytest.mark.long
def test_the_library_of_the_second_attempt_works_in_the_cage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("unstructured")
    (tmp_path / "library.py").write_text(_LIBRARY)
    document = docx.Document()
    document.add_paragraph("A heron waits.")
    document.save(str(tmp_path / "blob"))
    monkeypatch.syspath_prepend(str(tmp_path))
    parser = Parser(Settings(data=tmp_path, ocr="off", parse_cpu_seconds=60), handlers="library")

    try:
        parsed = parser.parse(tmp_path / "blob", "a.docx")
    finally:
        parser.close()

    assert (parsed.text, parsed.report.reader) == ("A heron waits.", "unstructured")


_LIBRARY = """
from ingest.steps.parse import second_reader
from ingest.steps.parse.memory_limit import without_memory_limit
HANDLERS = {"docx": "library:read"}
def read(path):
    with without_memory_limit():
        read_with_library = second_reader.load_library("docx")
    return read_with_library(path)
"""

_OLD_KERNEL = """
import ctypes
real = ctypes.CDLL
class Libc:
    def __init__(self, library): self.library = library
    def __getattr__(self, name): return getattr(self.library, name)
    def syscall(self, *arguments):
        ctypes.set_errno(38)
        return -1
    def prctl(self, option, *arguments):
        if option == 22:
            ctypes.set_errno(22)
            return -1
        return self.library.prctl(option, *arguments)
ctypes.CDLL = lambda name, **options: Libc(real(name, **options)) if name is None else real(name, **options)
"""


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
