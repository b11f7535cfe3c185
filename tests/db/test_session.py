"""Transactions: all or nothing, savepoints, the clock, and callbacks after the commit."""

from contextlib import suppress

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from ingest.db.models import Base, Project
from ingest.db.session import Database, after_commit, read_clock
from ingest.errors import DependencyDown
from tests.chaos.proxy import Proxy
from tests.conftest import Clock


def count_writes(database: Database) -> int:
    with database.reading() as session:
        return int(session.execute(text("SELECT count(*) FROM writes")).scalar_one())


def test_objects_and_statements_of_one_transaction_are_committed_together_or_not_at_all(
    sqlite_database: Database,
) -> None:
    Base.metadata.create_all(sqlite_database.engine)

    def write(name: str) -> None:
        with sqlite_database.transaction() as session:
            session.add(Project(id=f"proj_{name}", name=name, created_at=1))
            session.connection().execute(text("INSERT INTO writes VALUES (1)"))
            if name == "bad":
                raise ZeroDivisionError

    write("good")
    with pytest.raises(ZeroDivisionError):
        write("bad")

    with sqlite_database.reading() as session:
        assert session.scalars(select(Project.name)).all() == ["good"]
    assert count_writes(sqlite_database) == 1


def test_a_savepoint_is_rolled_back_alone(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        session.connection().execute(text("INSERT INTO writes VALUES (1)"))
        with suppress(ZeroDivisionError), session.begin_nested():
            session.connection().execute(text("INSERT INTO writes VALUES (2)"))
            raise ZeroDivisionError

    with sqlite_database.reading() as session:
        assert session.execute(text("SELECT number FROM writes")).scalars().all() == [1]


def test_only_an_outage_of_the_database_itself_is_remembered(sqlite_database: Database) -> None:
    with pytest.raises(DependencyDown), sqlite_database.transaction():
        raise DependencyDown("blobs", "no")
    assert sqlite_database.seconds_since_outage > 1_000

    with pytest.raises(DependencyDown), sqlite_database.transaction():
        raise DependencyDown("database", "no")
    assert sqlite_database.seconds_since_outage < 1_000


def test_the_clock_of_a_test_replaces_that_of_the_database(database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        before = read_clock(session)
        clock.advance(60)

        assert (before, read_clock(session)) == (clock() - 60, clock())


# --- callbacks ---


def test_a_callback_runs_after_the_commit_and_may_write(sqlite_database: Database) -> None:
    seen: list[int] = []

    def count_and_write() -> None:
        with sqlite_database.transaction() as session:
            seen.append(session.execute(text("SELECT count(*) FROM writes")).scalar_one())
            session.execute(text("INSERT INTO writes VALUES (2)"))

    with sqlite_database.transaction() as session:
        session.execute(text("INSERT INTO writes VALUES (1)"))
        after_commit(session, count_and_write)
        assert seen == []

    assert seen == [1]
    assert count_writes(sqlite_database) == 2


def test_callbacks_run_in_order_and_the_same_one_once(sqlite_database: Database) -> None:
    calls: list[str] = []

    def first() -> None:
        calls.append("first")

    with sqlite_database.transaction() as session:
        after_commit(session, first)
        after_commit(session, lambda: calls.append("second"))
        after_commit(session, first)

    assert calls == ["first", "second"]


def test_no_callback_runs_after_a_rollback(sqlite_database: Database) -> None:
    calls: list[str] = []

    def fail() -> None:
        with sqlite_database.transaction() as session:
            session.execute(text("INSERT INTO writes VALUES (1)"))
            after_commit(session, lambda: calls.append("called"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert calls == []


@pytest.mark.services
def test_no_callback_runs_when_the_commit_fails(proxied_database: Database, proxy: Proxy) -> None:
    calls: list[str] = []

    def lose_connection_before_commit() -> None:
        with proxied_database.transaction() as session:
            session.execute(text("SELECT 1"))
            after_commit(session, lambda: calls.append("called"))
            proxy.make_half_open()

    with pytest.raises(DependencyDown, match="database"):
        lose_connection_before_commit()

    assert calls == []


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), DependencyDown("broker", "no"), DependencyDown("database", "no")]
)
def test_a_callback_that_fails_is_logged_and_the_transaction_stays_a_success(
    sqlite_database: Database, error: Exception
) -> None:
    calls: list[str] = []

    def fail() -> None:
        raise error

    with capture_logs() as records, sqlite_database.transaction() as session:
        session.execute(text("INSERT INTO writes VALUES (1)"))
        after_commit(session, fail)
        after_commit(session, lambda: calls.append("called"))

    assert [record["event"] for record in records] == ["after_commit_callback_failed"]
    assert calls == ["called"]
    assert sqlite_database.seconds_since_outage > 1_000
    assert count_writes(sqlite_database) == 1
