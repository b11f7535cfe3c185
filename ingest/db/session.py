"""The engine, the clock, and the one way to a transaction."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, cast

import psycopg
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Float,
    Select,
    String,
    bindparam,
    create_engine,
    event,
    extract,
    func,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ingest.db.execute import run_prepared
from ingest.errors import DependencyDown
from ingest.timeouts import REPORT_TIMEOUTS, Timeouts

READ_ONLY: dict[str, Any] = {"ingest_read_only": True}
SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}

# A server that vanished without a word is given up after this long, not after the kernel's quarter of an hour.
DEAD_PEER = {"tcp_user_timeout": 8000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2}


class Database:
    """SQLite or Postgres. `clock` replaces the database's own clock in tests (seconds since 1970)."""

    def __init__(
        self,
        url: str,
        *,
        clock: Callable[[], float] | None = None,
        pool_size: int = 10,
        timeouts: Timeouts = REPORT_TIMEOUTS,
    ) -> None:
        self.engine = _sqlite(url, timeouts) if url.startswith("sqlite") else _postgres(url, pool_size, timeouts)
        self._reader = self.engine.execution_options(**(READ_ONLY if self.is_sqlite else SNAPSHOT))
        self._turn: AbstractContextManager[None] = _Turn(timeouts.lock) if self.is_sqlite else nullcontext()
        self._clock = clock
        self._down_at = -math.inf

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work, committed as a whole. On SQLite it is the only writer: of this process from its beginning, of
        all from its first statement on.

        Raises DependencyDown("database") when the database cannot be reached or is too busy.
        """
        with self._session(self.engine, self._turn) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Like `transaction`, for statements that only read and all see the same moment; never waits for a writer."""
        with self._session(self._reader, nullcontext()) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine, turn: AbstractContextManager[None]) -> Iterator[Session]:
        try:
            with translated(), turn, _LazySession(engine, {"clock": self._clock}) as session:
                yield cast(Session, session)
        except DependencyDown as exc:
            if exc.dependency == "database":
                self._down_at = time.monotonic()
            raise

    @property
    def up_seconds(self) -> float:
        """How long this process has not found it down; not more than this process knows of it."""
        return time.monotonic() - self._down_at

    def ping(self) -> None:
        """Raises DependencyDown when the database does not answer."""
        with self.reading() as session:
            session.execute(select(1))

    def dispose(self) -> None:
        """Close every connection; the next transaction opens new ones."""
        self.engine.dispose()


class _LazySession:
    """A session of one transaction, made when more of it is asked for than its connection.

    What runs for every file is statements only (db/execute.py), and making a session costs as much as three of them.
    """

    def __init__(self, engine: Engine, info: dict[str, Any]) -> None:
        self.info = info
        self._engine = engine
        self._connection: Connection | None = None
        self._session: Session | None = None

    def get_bind(self) -> Engine:
        return self._engine

    def connection(self) -> Connection:
        if self._session is not None:
            return self._session.connection()  # which sets a savepoint first where one is due
        if self._connection is None:
            self._connection = self._engine.connect()
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
                self._session.commit()  # to the connection; the transaction is that of the connection
            if kind is None:
                self._connection.commit()
            else:
                self._connection.rollback()
        finally:
            if self._session is not None:
                self._session.close()
            self._connection.close()


class _Turn:
    """Lets the threads of a process write one after the other.

    SQLite does so too, but its waiters sleep and look again, for up to a tenth of a second; and the thread whose turn
    it is finds the connection of the one before it, which still has the pages that were changed.
    """

    def __init__(self, patience_seconds: float) -> None:
        self._lock = threading.Lock()
        self._patience = patience_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._patience):
            raise DependencyDown("database", "database is locked")

    def __exit__(self, *_exc: object) -> None:
        self._lock.release()


@contextmanager
def translated() -> Iterator[None]:
    """The database's silence, or its being too busy, as DependencyDown."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as exc:
        raise DependencyDown("database", _short(exc)) from exc
    except DBAPIError as exc:
        if exc.connection_invalidated:
            raise DependencyDown("database", _short(exc)) from exc
        raise


def now(session: Session) -> ColumnElement[float]:
    """The time as the database sees it, as part of a statement: one clock for all machines."""
    return _now(session.get_bind().dialect.name, session.info.get("clock"))


def read_clock(session: Session) -> float:
    """The same time as a number."""
    return float(run_prepared(session, _asking(now(session))).scalar_one())


def serialise(session: Session, name: str) -> None:
    """Let no other transaction that named the same thing go on before this one ends."""
    if session.get_bind().dialect.name != "sqlite":  # there a transaction is alone from its start
        run_prepared(session, _SERIALISING, name=name)


def alone(session: Session, name: str) -> bool:
    """Like `serialise`, but False at once when somebody else is at it."""
    if session.get_bind().dialect.name == "sqlite":
        return True
    return bool(run_prepared(session, _TRYING, name=name).scalar_one())


def silent(session: Session, seconds: float) -> None:
    """Let this transaction, and its locks, live for so long between two statements, whatever its caller's patience."""
    if session.get_bind().dialect.name != "sqlite":  # there they live as long as their process
        session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = {int(seconds * 1000)}"))


_NAMED = func.hashtextextended(bindparam("name", type_=String), 0)
_SERIALISING = select(func.pg_advisory_xact_lock(_NAMED))
_TRYING = select(func.pg_try_advisory_xact_lock(_NAMED))


@cache
def _asking(clock: ColumnElement[float]) -> Select[float]:
    return select(clock)


@cache
def _now(dialect: str, clock: Callable[[], float] | None) -> ColumnElement[float]:
    """The same element every time, so that statements can be made once with it (see db/execute.py)."""
    if clock is not None:
        return bindparam("clock", callable_=clock, type_=Float(53))
    if dialect == "sqlite":
        return (func.julianday("now", type_=Float) - 2440587.5) * 86400.0
    return extract("epoch", func.clock_timestamp()).cast(Float(53))


def _sqlite(url: str, timeouts: Timeouts) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": timeouts.lock},
        pool_size=20,
        max_overflow=40,
        pool_use_lifo=True,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we send BEGIN ourselves, below
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-16000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # A transaction that begins as a reader and then writes can fail at once when another wrote in between.
        read_only = connection.get_execution_options().get("ingest_read_only")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _postgres(url: str, pool_size: int, timeouts: Timeouts) -> Engine:
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
        hide_parameters=True,  # they may be content
    )

    class Patient(psycopg.Connection[Any]):
        """Gives up an answer that does not come, and the connection with it."""

        def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
            limit = timeouts.response if timeout is None else min(timeout, timeouts.response)
            deadline = time.monotonic() + limit
            try:
                return super().wait(gen, interval, limit)
            except psycopg.OperationalError:
                if time.monotonic() >= deadline:
                    self.pgconn.finish()
                raise

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, given: tuple[Any, ...], named: dict[str, Any]) -> Patient:
        return Patient.connect(*given, **named)

    return engine


def _short(exc: Exception) -> str:
    return str(getattr(exc, "orig", None) or exc).strip().splitlines()[0][:200]
