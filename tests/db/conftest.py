"""Databases whose server a test can freeze or cut off, and a SQLite database with one table."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from ingest.db.session import Database
from ingest.timeouts import REQUEST_TIMEOUTS
from tests.chaos.proxy import Proxy, proxied

SHORT_TIMEOUTS = replace(REQUEST_TIMEOUTS, connect=2, lock=0.5, statement=0.5, idle_in_transaction=1.0, response=1.0)


@pytest.fixture
def proxy(postgres_server: str) -> Iterator[Proxy]:
    """A proxy before the Postgres server."""
    with proxied(urlsplit(postgres_server).port or 5432) as proxy:
        yield proxy


@pytest.fixture
def proxied_database(postgres_server: str, proxy: Proxy) -> Iterator[Database]:
    """A Postgres database behind the proxy, with short timeouts."""
    url = postgres_server.replace("postgresql://", "postgresql+psycopg://")
    database = Database(url.replace(f":{urlsplit(url).port}", f":{proxy.port}"), pool_size=2, timeouts=SHORT_TIMEOUTS)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database with short timeouts and a table `writes (number)`."""
    database = Database(f"sqlite:///{tmp_path}/writes.db", timeouts=SHORT_TIMEOUTS)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE writes (number INTEGER)"))
    yield database
    database.dispose()


def select_one(database: Database) -> int:
    """Execute a statement that needs nothing but the server."""
    with database.reading() as session:
        return int(session.execute(text("SELECT 1")).scalar_one())
