"""Transactions, what follows a commit, and the database's clock."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, Float, Select, bindparam, extract, func, select, text
from sqlalchemy.orm import Session

from ingest.db import engine, sqlite_file
from ingest.db.execute import execute_prepared
from ingest.errors import DatabaseDamaged, DependencyDown
from ingest.observability import logs
from ingest.timeouts import REPORT_TIMEOUTS, Timeouts

_log = logs.get(__name__)

_CLOCK, _AFTER_COMMIT = "clock", "after_commit"
"""Keys of `session.info`."""


class Database:
    """A SQLite or Postgres database. Tests replace the database's clock by `clock` (seconds since 1970)."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] | None = None,
        pool_size: int = 10,
        timeouts: Timeouts = REPORT_TIMEOUTS,
    ) -> None:
        self.engine = engine.create(url, pool_size=pool_size, timeouts=timeouts)
        self._reading_engine = engine.reading(self.engine)
        self._writer_lock: AbstractContextManager[None] = (
            engine.WriterLock(timeouts.lock) if self.is_sqlite else nullcontext()
        )
        self._clock = clock
        self._last_outage_at = -math.inf

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> str | None:
        """The path of a SQLite database; None for Postgres."""
        return self.engine.url.database if self.is_sqlite else None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Run one unit of work and commit it as a whole; then run the callbacks of `after_commit`.

        On SQLite it is the only writer: in this process from its beginning, among all processes from its first statement.
        Raises: DependencyDown("database") when the database cannot be reached or is too busy.
        """
        with self._session(self.engine, self._writer_lock) as session:
            yield session
        # The connection and the writer lock are free again, so a callback may open a transaction of its own.
        _run_callbacks(session)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Run statements that only read, all from one snapshot. Raises as `transaction`, but never waits for a writer."""
        with self._session(self._reading_engine, nullcontext()) as session:
            yield session

    @contextmanager
    def _session(self, bind: Engine, writer_lock: AbstractContextManager[None]) -> Iterator[Session]:
        try:
            with engine.translate_errors(self.file), writer_lock, _LazySession(bind, {_CLOCK: self._clock}) as session:
                yield cast(Session, session)
        except DependencyDown as exc:
            if exc.dependency == "database":
                self._last_outage_at = time.monotonic()
            raise

    @property
    def seconds_since_outage(self) -> float:
        """Seconds since this process last found the database down; infinite if it never did."""
        return time.monotonic() - self._last_outage_at

    def ping(self) -> None:
        """Raise DependencyDown if the database does not respond."""
        sqlite_file.refuse_lost_file(self.file)
        with self.reading() as session:
            # SQLite would answer SELECT 1 without its file.
            session.execute(text("SELECT count(*) FROM sqlite_master") if self.is_sqlite else select(1))

    def check_file(self) -> None:
        """Read the whole file of a SQLite database (1 GB in some seconds). Raises DatabaseDamaged; does nothing on Postgres."""
        if not self.is_sqlite:
            return
        with self.reading() as session:
            found = session.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if found != "ok":
            raise DatabaseDamaged(self.file or "", found)

    def dispose(self) -> None:
        """Close every connection. The next transaction opens new ones."""
        self.engine.dispose()


class _LazySession:
    """A session of one transaction that creates its ORM session only when more than the connection is used.

    The work on each file is done by statements on the connection (ingest/db/execute.py). Creating an ORM session costs as
    much as three of them.
    """

    def __init__(self, bind: Engine, info: dict[str, Any]) -> None:
        self.info = info
        self._bind = bind
        self._connection: Connection | None = None
        self._session: Session | None = None

    def get_bind(self) -> Engine:
        return self._bind

    def connection(self) -> Connection:
        if self._session is not None:
            return self._session.connection()  # the session sets a pending savepoint first
        if self._connection is None:
            self._connection = self._bind.connect()
            self._connection.begin()
        return self._connection

    def __getattr__(self, name: str) -> Any:
        if self._session is None:
            self._session = Session(self.connection(), expire_on_commit=False, info=self.info)
        return getattr(self._session, name)

    def __enter__(self) -> "_LazySession":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._connection is None:
            return
        try:
            if kind is None and self._session is not None:
                self._session.commit()  # flushes to the connection, which owns the transaction
            if kind is None:
                self._connection.commit()
            else:
                self._connection.rollback()
        finally:
            if self._session is not None:
                self._session.close()
            self._connection.close()


def after_commit(session: Session, callback: Callable[[], object]) -> None:
    """Run `callback` when this transaction has committed; never run it when the transaction rolls back.

    Callbacks run in the order in which they were added, outside the transaction; the same one runs once. An exception of a
    callback is logged and does not reach the caller, whose work is committed. A callback that was added within a savepoint
    runs even if only that savepoint was rolled back. A session of `reading` commits nothing and runs none.
    """
    callbacks = session.info.setdefault(_AFTER_COMMIT, [])
    if callback not in callbacks:
        callbacks.append(callback)


def _run_callbacks(session: Session) -> None:
    for callback in session.info.get(_AFTER_COMMIT, ()):
        try:
            callback()
        except Exception:  # noqa: BLE001 - logged: the transaction is committed, and its caller must learn that
            _log.exception("after_commit_callback_failed")


def now(session: Session) -> ColumnElement[float]:
    """Return the database's time as an expression, in seconds since 1970. All machines share this clock."""
    return _clock_expression(session.get_bind().dialect.name, session.info.get(_CLOCK))


def read_clock(session: Session) -> float:
    """Return the database's time as a number, in seconds since 1970."""
    return float(execute_prepared(session, _select_clock(now(session))).scalar_one())


@cache
def _select_clock(clock: ColumnElement[float]) -> Select[float]:
    return select(clock)


@cache
def _clock_expression(dialect: str, clock: Callable[[], float] | None) -> ColumnElement[float]:
    """Return the same object every time, so that statements with it can be prepared (ingest/db/execute.py)."""
    if clock is not None:
        return bindparam("clock", callable_=clock, type_=Float(53))
    if dialect == "sqlite":
        return (func.julianday("now", type_=Float) - 2440587.5) * 86400.0
    return extract("epoch", func.clock_timestamp()).cast(Float(53))
