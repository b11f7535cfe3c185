"""Fixtures of the tests of commands: a fake service, the real API over fakes, and the command line."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from api.app import build_app
from ingest.cli import main
from ingest.config import Settings
from ingest.db.session import Database
from ingest.embedded.processes import free_port
from tests.cli.fake_service import FakeService, serving
from tests.fakes import FakeServices
from tests.jobs.scenes import run_published_jobs
from tests.servers import wait_until


@dataclass(frozen=True)
class CommandResult:
    """The exit code and the output of a command."""

    code: int
    out: str
    err: str


Command = Callable[..., CommandResult]


@pytest.fixture
def service() -> Iterator[FakeService]:
    with serving() as fake:
        yield fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to import, with three files."""
    for name in ("a.txt", "b.txt", "sub/c.txt"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(name)
    return tmp_path / "docs"


@pytest.fixture
def ingest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Command:
    """A function that runs an `ingest` command in this process."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    for name in (
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "INGEST_API_KEY",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["ingest", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        printed = capsys.readouterr()
        return CommandResult(int(exit_.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def services(settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[FakeServices]:
    """Services over SQLite. Everything but the database and the blobs is faked."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield FakeServices(settings, database)
    database.dispose()


@pytest.fixture
def url(services: FakeServices) -> Iterator[str]:
    """The URL of an API over these services."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(build_app(services), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=20, what="the API")
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def run_jobs_until_ended(services: FakeServices, files: int) -> None:
    """Run published jobs until this many files have ended."""
    ended = 0

    def has_enough_ended() -> bool:
        nonlocal ended
        ended += len(run_published_jobs(services))
        return ended >= files

    wait_until(has_enough_ended, seconds=20, what="the end of the files")
