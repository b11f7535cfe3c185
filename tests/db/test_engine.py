"""Timeouts of the engines: a database that is frozen, cut off or busy is an outage in bounded time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.db.session import Database
from ingest.errors import DependencyDown
from tests.chaos.proxy import Proxy
from tests.db.conftest import SHORT_TIMEOUTS, select_one


@pytest.mark.services
def test_a_frozen_server_times_out_within_a_transaction_and_is_used_again_afterwards(
    proxied_database: Database, proxy: Proxy
) -> None:
    def freeze_between_two_statements() -> None:
        with proxied_database.transaction() as session:
            session.execute(text("SELECT 1"))
            proxy.set("blackhole")
            session.execute(text("SELECT 1"))

    started = time.monotonic()
    with pytest.raises(DependencyDown, match="database"):
        freeze_between_two_statements()
    assert time.monotonic() - started < 3
    proxy.set("pass")

    assert select_one(proxied_database) == 1


@pytest.mark.services
def test_dead_connections_of_the_pool_are_replaced(proxied_database: Database, proxy: Proxy) -> None:
    assert select_one(proxied_database) == 1
    proxy.make_half_open()

    started = time.monotonic()
    assert select_one(proxied_database) == 1
    assert 0.9 < time.monotonic() - started < 4


@pytest.mark.services
@pytest.mark.parametrize("next_step", ["statement", "commit"])
def test_a_transaction_that_idles_too_long_is_an_outage(proxied_database: Database, next_step: str) -> None:
    def idle() -> None:
        with proxied_database.transaction() as session:
            session.execute(text("SELECT 1"))
            time.sleep(SHORT_TIMEOUTS.idle_in_transaction + 0.5)
            if next_step == "statement":
                session.execute(text("SELECT 1"))

    with pytest.raises(DependencyDown, match="idle-in-transaction timeout"):
        idle()

    assert select_one(proxied_database) == 1


@pytest.mark.services
@pytest.mark.parametrize("mode", ["blackhole", "reset", "refuse"])
def test_a_server_that_accepts_no_connection_is_an_outage_in_bounded_time(
    proxied_database: Database, proxy: Proxy, mode: str
) -> None:
    proxy.set(mode)  # type: ignore[arg-type] # the parameters are the literals that it takes

    started = time.monotonic()
    with pytest.raises(DependencyDown, match="database"):
        select_one(proxied_database)
    assert time.monotonic() - started < 5


@pytest.mark.services
def test_the_server_cancels_a_slow_statement_and_the_connection_stays(proxied_database: Database) -> None:
    with pytest.raises(DependencyDown, match="statement timeout"), proxied_database.reading() as session:
        session.execute(text("SELECT pg_sleep(5)"))

    assert select_one(proxied_database) == 1


def test_threads_write_one_after_the_other_over_the_same_connection(sqlite_database: Database) -> None:
    connections = set()

    def write(number: int) -> None:
        with sqlite_database.transaction() as session:
            session.execute(text("INSERT INTO writes VALUES (:number)"), {"number": number})
            connections.add(id(session.connection().connection.dbapi_connection))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(100)))

    with sqlite_database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM writes")).scalar_one() == 100
    assert len(connections) == 1


def test_a_writer_that_waits_too_long_gets_an_outage(sqlite_database: Database) -> None:
    is_held, release = threading.Event(), threading.Event()

    def hold_writer_lock() -> None:
        with sqlite_database.transaction():
            is_held.set()
            release.wait(10)

    with ThreadPoolExecutor(1) as threads:
        holder = threads.submit(hold_writer_lock)
        is_held.wait(10)
        with pytest.raises(DependencyDown, match="locked"), sqlite_database.transaction():
            pass
        assert sqlite_database.seconds_since_outage < 5, "processes that wait must keep their leases"
        release.set()
        holder.result(10)
    assert select_one(sqlite_database) == 1


def test_a_failed_transaction_releases_the_writer_lock(sqlite_database: Database) -> None:
    with pytest.raises(ZeroDivisionError), sqlite_database.transaction():
        raise ZeroDivisionError

    with sqlite_database.transaction() as session:
        session.execute(text("INSERT INTO writes VALUES (1)"))


def test_a_reader_never_waits_for_a_writer_and_sees_one_snapshot(sqlite_database: Database) -> None:
    counting = text("SELECT count(*) FROM writes")
    with sqlite_database.reading() as reader:
        before = reader.execute(counting).scalar_one()
        with sqlite_database.transaction() as writer:
            writer.execute(text("INSERT INTO writes VALUES (1)"))

        assert reader.execute(counting).scalar_one() == before == 0
    with sqlite_database.reading() as reader:
        assert reader.execute(counting).scalar_one() == 1


def test_a_transaction_without_statements_opens_no_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no/such/folder.db", timeouts=SHORT_TIMEOUTS)

    with database.transaction():
        pass
    with pytest.raises(DependencyDown, match="database"), database.transaction() as session:
        session.connection()
