"""Engines for SQLite and Postgres, and the errors of their drivers as DependencyDown."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ingest.db import sqlite_file
from ingest.errors import DependencyDown
from ingest.timeouts import Timeouts

READ_ONLY_OPTION = "ingest_read_only"
"""Execution option of a SQLite engine: its transactions only read."""

# libpq gives up a peer that vanished after some 10 s. The kernel's own defaults take a quarter of an hour.
DEAD_PEER = {"tcp_user_timeout": 8000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}

REASON_CHARACTERS = 200


def create(url: str, *, pool_size: int, timeouts: Timeouts) -> Engine:
    """Create the engine for a URL. `pool_size` applies to Postgres only."""
    return _create_sqlite(url, timeouts) if url.startswith("sqlite") else _create_postgres(url, pool_size, timeouts)


def reading(engine: Engine) -> Engine:
    """Return the same engine with transactions that only read, each from one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY_OPTION: True})
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def translate_errors(database_file: str | None = None) -> Iterator[None]:
    """Raise DependencyDown("database") in place of a driver's error that says the database is away or too busy.

    Raises its subclass DatabaseDamaged if `database_file`, of a SQLite database, is damaged.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as exc:
        of_file = sqlite_file.describe_error(getattr(exc, "orig", None), database_file)
        raise of_file or DependencyDown("database", _reason(exc)) from exc
    except DBAPIError as exc:
        if of_file := sqlite_file.describe_error(exc.orig, database_file):
            raise of_file from exc
        # The API serves while its database is away, and may meet it before the first migration.
        if exc.connection_invalidated or isinstance(exc.orig, psycopg.errors.UndefinedTable):
            raise DependencyDown("database", _reason(exc)) from exc
        raise


class WriterLock:
    """Lets the threads of a process write to SQLite one after the other.

    SQLite's own waiters poll, with pauses of up to 0.1 s. With this lock the next writer goes on at once. It also gets the
    connection of the writer before it, whose page cache is warm.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._lock = threading.Lock()
        self._timeout = timeout_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._timeout):
            raise DependencyDown("database", "database is locked")

    def __exit__(self, *_exc: object) -> None:
        self._lock.release()


def _create_sqlite(url: str, timeouts: Timeouts) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": timeouts.lock},
        pool_size=20,
        max_overflow=40,
        pool_use_lifo=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def _check_file(*_: Any) -> None:
        sqlite_file.refuse_lost_file(engine.url.database)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver sends no BEGIN of its own
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")
        sqlite_file.allocate_wal_index(connection, engine.url.database)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that begins as a reader and then writes fails at once if another one wrote in between.
        is_read_only = connection.get_execution_options().get(READ_ONLY_OPTION)
        connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")

    return engine


def _create_postgres(url: str, pool_size: int, timeouts: Timeouts) -> Engine:
    limits = {
        "lock_timeout": timeouts.lock,
        "statement_timeout": timeouts.statement,
        "idle_in_transaction_session_timeout": timeouts.idle_in_transaction,
    }
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=2 * pool_size,
        pool_pre_ping=True,
        pool_timeout=timeouts.lock,
        connect_args={
            "connect_timeout": int(timeouts.connect),
            "options": " ".join(f"-c {name}={int(seconds * 1000)}" for name, seconds in limits.items()),
            "application_name": "ingest",
            **DEAD_PEER,
        },
        hide_parameters=True,  # they may be content of files
    )
    connection_class = _with_response_timeout(timeouts.response)

    @event.listens_for(engine, "do_connect")
    def _connect(
        _dialect: Any, _record: Any, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        return connection_class.connect(*arguments, **options)

    return engine


def _with_response_timeout(timeout_seconds: float) -> type[psycopg.Connection[Any]]:
    class ImpatientConnection(psycopg.Connection[Any]):
        """Closes itself when a response takes too long: a server that is frozen or cut off never ends the statement."""

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            limit = timeout_seconds if timeout is None else min(timeout, timeout_seconds)
            deadline = time.monotonic() + limit
            try:
                return super().wait(gen, interval, limit)
            except psycopg.OperationalError:
                if time.monotonic() >= deadline:
                    self.pgconn.finish()
                raise

    return ImpatientConnection


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "orig", None) or exc).strip().splitlines()[0][:REASON_CHARACTERS]
