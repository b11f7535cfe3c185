"""A fake service to import into, the real API over fakes, and the command as its user calls it."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from api.app import app
from ingest.cli import main
from ingest.config import Settings
from ingest.db.session import Database
from ingest.embedded.parts import free_port
from tests.cli.fake_service import FakeService, serving
from tests.fakes import FakeServices
from tests.jobs.test_run import run_all
from tests.servers import wait_until


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def service() -> Iterator[FakeService]:
    with serving() as fake:
        yield fake


@pytest.fixture
def ingest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Command:
    """The command line of `ingest`, run in this process."""
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

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ingest", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def services(settings: Settings, sqlite_template: Path, tmp_path: Path) -> Iterator[FakeServices]:
    """Tools over SQLite; everything but database and blobs is faked."""
    path = tmp_path / "test.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield FakeServices(settings, database)
    database.dispose()


@pytest.fixture
def url(services: FakeServices) -> Iterator[str]:
    """The address of the API over these tools."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app(services), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=20, what="the API")
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def work(services: FakeServices, files: int) -> None:
    """Do what the broker is told, until so many files have ended."""
    ended = 0

    def enough() -> bool:
        nonlocal ended
        ended += len(run_all(services))
        return ended >= files

    wait_until(enough, seconds=20, what="the files")
