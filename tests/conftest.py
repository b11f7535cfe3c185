"""Shared fixtures: databases of both kinds, a clock that tests advance, settings in a private folder."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadScopeScheduling

from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from tests import servers
from tests.fakes import FakeServices

MODULES_WITH_OWN_SERVICE = (
    "test_crashes",
    "test_servers",
    "test_buckets",
    "test_hostile_files",
    "test_reindex",
    "test_scheduled",
    "test_waiting",
)
"""Modules of stories that start a service of their own."""


class ServiceScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no types
    """Give the stories that share one service to one worker, and every other test to any free worker."""

    def _split_scope(self, nodeid: str) -> str:
        if "test_processes" in nodeid:  # each starts a whole cluster: two at once overload two cores
            return "processes"
        if "test_partitions" in nodeid:  # these too, and the last test verifies the data of the others
            return "partitions"
        if "test_fairness" in nodeid:  # has a service of its own, for all its tests
            return "fairness"
        if nodeid.startswith("tests/attacks/"):  # the attacks share one service
            return "attacks"
        own = any(f"/{name}.py" in nodeid for name in MODULES_WITH_OWN_SERVICE)
        return "stories" if nodeid.startswith("tests/stories/") and not own else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """Implement `--dist loadgroup`, which this version of xdist ignores under pytest 9.2."""
    return ServiceScheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


class Clock:
    """A clock that stands still until a test advances it."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(autouse=True)
def _restore_umask() -> Iterator[None]:
    """Commands and the API restrict new files of their process, which is that of the tests too."""
    mask = os.umask(0o022)
    os.umask(mask)
    yield
    os.umask(mask)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a service in a private folder, whatever the environment says."""
    return Settings(data=tmp_path / "data", redis_url="", qdrant_url="", database_url="", embedding_url="")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a Postgres server: TEST_DATABASE_URL, or one of our own."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database with all tables and nothing in them."""
    with TemporaryDatabase(postgres_server, template=None) as (name, url):
        database = Database(with_driver(url))
        migrate(database)
        database.dispose()
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database with all tables, once on SQLite and once on Postgres."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    template = request.getfixturevalue("postgres_template")
    with TemporaryDatabase(request.getfixturevalue("postgres_server"), template) as (_, url):
        yield with_driver(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services)])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of either kind without any table."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'empty.db'}"
        if request.param == "postgres":
            server = request.getfixturevalue("postgres_server")
            url = with_driver(stack.enter_context(TemporaryDatabase(server, template=None))[1])
        database = Database(url)
        stack.callback(database.dispose)
        yield database


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """A database of either kind whose time is the test's clock."""
    database = Database(database_url, clock=clock)
    yield database
    database.dispose()


@pytest.fixture
def services(settings: Settings, database: Database) -> FakeServices:
    """Services over a database of either kind; everything but database and blobs is faked."""
    return FakeServices(settings, database)


class TemporaryDatabase:
    """A new Postgres database, a copy of `template` or empty; dropped at the end."""

    def __init__(self, server: str, template: str | None) -> None:
        self._server = server
        self._template = template
        self._name = f"ingest_{uuid.uuid4().hex}"

    def __enter__(self) -> tuple[str, str]:
        with psycopg.connect(self._server, autocommit=True) as connection:
            command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self._name))
            if self._template is not None:
                command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._template))
            connection.execute(command)
        return self._name, self._server.rsplit("/", 1)[0] + "/" + self._name

    def __exit__(self, *_: object) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(self._name)))


def with_driver(url: str) -> str:
    return Settings(database_url=url).sql_url
