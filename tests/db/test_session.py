"""What a transaction does when its database does not answer."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, text

from ingest.db.models import Base, Project
from ingest.db.session import Database, alone, serialise
from ingest.errors import DependencyDown
from ingest.timeouts import REQUEST_TIMEOUTS
from tests.chaos.proxy import Proxy, proxied
from tests.servers import wait_until

HURRIED = replace(REQUEST_TIMEOUTS, connect=2, lock=0.5, statement=0.5, idle=1.0, answer=1.0)

pytestmark = pytest.mark.services


@pytest.fixture
def proxy(postgres_server: str) -> Iterator[Proxy]:
    with proxied(urlsplit(postgres_server).port or 5432) as proxy:
        yield proxy


@pytest.fixture
def database(postgres_server: str, proxy: Proxy) -> Iterator[Database]:
    url = postgres_server.replace("postgresql://", "postgresql+psycopg://")
    database = Database(url.replace(f":{urlsplit(url).port}", f":{proxy.port}"), pool_size=2, timeouts=HURRIED)
    yield database
    database.dispose()


def ask(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(text("SELECT 1")).scalar_one())


def test_a_frozen_server_is_given_up_in_the_middle_of_a_transaction_and_used_again_afterwards(
    database: Database, proxy: Proxy
) -> None:
    def freeze_between_two_statements() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            proxy.set("blackhole")
            session.execute(text("SELECT 1"))

    started = time.monotonic()
    with pytest.raises(DependencyDown, match="database"):
        freeze_between_two_statements()
    assert time.monotonic() - started < 3
    proxy.set("pass")

    assert ask(database) == 1


def test_old_connections_that_are_dead_are_replaced(database: Database, proxy: Proxy) -> None:
    assert ask(database) == 1
    proxy.kill_old()

    started = time.monotonic()
    assert ask(database) == 1
    assert 0.9 < time.monotonic() - started < 4


def test_locks_of_a_transaction_that_was_cut_off_are_free_soon(database: Database, proxy: Proxy) -> None:
    def cut_off_with_a_lock() -> None:
        with database.transaction() as session:
            serialise(session, "one at a time")
            proxy.kill_old()
            session.execute(text("SELECT 1"))

    with pytest.raises(DependencyDown, match="database"):
        cut_off_with_a_lock()

    def takes_the_lock() -> bool:
        with database.transaction() as session:
            return alone(session, "one at a time")

    wait_until(takes_the_lock, seconds=5, what="the end of the lock")


@pytest.mark.parametrize("before", ["a statement", "the commit"])
def test_a_transaction_whose_owner_thinks_for_too_long_is_an_outage(database: Database, before: str) -> None:
    def think() -> None:
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            time.sleep(HURRIED.idle_in_transaction + 0.5)
            if before == "a statement":
                session.execute(text("SELECT 1"))

    with pytest.raises(DependencyDown, match="idle-in-transaction timeout"):
        think()

    assert ask(database) == 1


@pytest.mark.parametrize("mode", ["blackhole", "reset", "refuse"])
def test_no_new_connection_is_an_outage_in_bounded_time(database: Database, proxy: Proxy, mode: str) -> None:
    proxy.set(mode)  # type: ignore[arg-type]

    started = time.monotonic()
    with pytest.raises(DependencyDown, match="database"):
        ask(database)
    assert time.monotonic() - started < 5


def test_a_slow_statement_is_ended_by_the_server_and_the_connection_stays(database: Database) -> None:
    with pytest.raises(DependencyDown, match="statement timeout"), database.reading() as session:
        session.execute(text("SELECT pg_sleep(5)"))

    assert ask(database) == 1


def test_only_its_own_silence_counts_as_an_outage_of_the_database(embedded: Database) -> None:
    with pytest.raises(DependencyDown), embedded.transaction():
        raise DependencyDown("blobs", "no")
    assert embedded.up_seconds > 1_000

    with pytest.raises(DependencyDown), embedded.transaction():
        raise DependencyDown("database", "no")
    assert embedded.up_seconds < 1_000


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path}/turns.db", timeouts=HURRIED)
    with database.transaction() as session:
        session.execute(text("CREATE TABLE writes (number INTEGER)"))
    yield database
    database.dispose()


def test_threads_write_one_after_the_other_and_over_the_same_connection(embedded: Database) -> None:
    connections = set()

    def write(number: int) -> None:
        with embedded.transaction() as session:
            session.execute(text("INSERT INTO writes VALUES (:number)"), {"number": number})
            connections.add(id(session.connection().connection.dbapi_connection))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(100)))

    with embedded.reading() as session:
        assert session.execute(text("SELECT count(*) FROM writes")).scalar_one() == 100
    assert len(connections) == 1


def test_a_thread_whose_turn_does_not_come_is_told_that_the_database_is_busy(embedded: Database) -> None:
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with embedded.transaction():
            held.set()
            go_on.wait(10)

    with ThreadPoolExecutor(1) as threads:
        holding = threads.submit(hold)
        held.wait(10)
        with pytest.raises(DependencyDown, match="locked"), embedded.transaction():
            pass
        assert embedded.up_seconds < 5, "leases must not be taken from those who wait as well"
        go_on.set()
        holding.result(10)
    assert ask(embedded) == 1


def test_the_turn_passes_on_when_a_transaction_fails(embedded: Database) -> None:
    with pytest.raises(ZeroDivisionError), embedded.transaction():
        raise ZeroDivisionError

    with embedded.transaction() as session:
        session.execute(text("INSERT INTO writes VALUES (1)"))


def test_objects_and_statements_of_one_transaction_are_written_together_or_not_at_all(embedded: Database) -> None:
    Base.metadata.create_all(embedded.engine)

    def write(name: str) -> None:
        with embedded.transaction() as session:
            session.add(Project(id=f"proj_{name}", name=name, created_at=1))
            session.connection().execute(text("INSERT INTO writes VALUES (1)"))
            if name == "bad":
                raise ZeroDivisionError

    write("good")
    with pytest.raises(ZeroDivisionError):
        write("bad")

    with embedded.reading() as session:
        assert session.scalars(select(Project.name)).all() == ["good"]
        assert session.execute(text("SELECT count(*) FROM writes")).scalar_one() == 1


def test_a_savepoint_is_undone_by_itself(embedded: Database) -> None:
    with embedded.transaction() as session:
        session.connection().execute(text("INSERT INTO writes VALUES (1)"))
        with suppress(ZeroDivisionError), session.begin_nested():
            session.connection().execute(text("INSERT INTO writes VALUES (2)"))
            raise ZeroDivisionError

    with embedded.reading() as session:
        assert session.execute(text("SELECT number FROM writes")).scalars().all() == [1]


def test_a_transaction_of_nothing_needs_no_connection(tmp_path: Path) -> None:
    nowhere = Database(f"sqlite:///{tmp_path}/no/such/folder.db", timeouts=HURRIED)

    with nowhere.transaction():
        pass
    with pytest.raises(DependencyDown, match="database"), nowhere.transaction() as session:
        session.connection()
