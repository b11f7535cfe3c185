"""Advisory locks end with their transaction; only Postgres needs them."""

import inspect

import pytest
from sqlalchemy import text

from ingest.db import locks
from ingest.db.locks import LockName, advisory_lock, set_idle_timeout, try_advisory_lock
from ingest.db.session import Database
from ingest.errors import DependencyDown
from tests.chaos.proxy import Proxy
from tests.servers import wait_until

NAME = LockName("one at a time")


@pytest.mark.services
def test_the_locks_of_a_transaction_that_was_cut_off_are_released_soon(
    proxied_database: Database, proxy: Proxy
) -> None:
    def lose_connection_with_a_lock() -> None:
        with proxied_database.transaction() as session:
            advisory_lock(session, NAME)
            proxy.make_half_open()
            session.execute(text("SELECT 1"))

    with pytest.raises(DependencyDown, match="database"):
        lose_connection_with_a_lock()

    def can_take_the_lock() -> bool:
        with proxied_database.transaction() as session:
            return try_advisory_lock(session, NAME)

    wait_until(can_take_the_lock, seconds=5, what="the end of the lock")


@pytest.mark.services
def test_a_held_lock_is_refused_at_once_and_free_after_the_commit(proxied_database: Database) -> None:
    with proxied_database.transaction() as holder:
        advisory_lock(holder, NAME)
        with proxied_database.transaction() as other:
            assert not try_advisory_lock(other, NAME)
            assert try_advisory_lock(other, LockName("another"))

    with proxied_database.transaction() as other:
        assert try_advisory_lock(other, NAME)


@pytest.mark.services
def test_the_idle_timeout_is_set_for_one_transaction(proxied_database: Database) -> None:
    shown = text("SHOW idle_in_transaction_session_timeout")
    with proxied_database.transaction() as session:
        set_idle_timeout(session, 90)
        assert session.execute(shown).scalar_one() == "90s"

    with proxied_database.transaction() as session:
        assert session.execute(shown).scalar_one() == "1s"


def test_sqlite_needs_no_locks(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        advisory_lock(session, NAME)
        set_idle_timeout(session, 90)

        assert try_advisory_lock(session, NAME)


def test_no_two_locks_have_the_same_name() -> None:
    constants = [value for name, value in vars(locks).items() if name.isupper() and not name.startswith("_")]
    functions = [
        function
        for _, function in inspect.getmembers(locks, inspect.isfunction)
        if function.__module__ == locks.__name__ and function.__annotations__.get("return") is LockName
    ]

    names = [*constants, *(function("x") for function in functions)]

    assert len(names) == len(set(names)) == 21
