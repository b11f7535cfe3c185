"""Prepared statements, on both databases."""

from contextlib import suppress

import pytest
from sqlalchemy import bindparam, insert, literal_column, select, update
from sqlalchemy.exc import ProgrammingError

from ingest.db.execute import changed_row_prepared, execute_prepared
from ingest.db.models import Project
from ingest.db.session import Database, now
from tests.conftest import Clock

ADDING = insert(Project).values(id=bindparam("its_id"), name=bindparam("its_name"), created_at=1, paced_until=0.0)
PACING = (
    update(Project).where(Project.name == bindparam("of"), Project.created_at == 1).values(paced_until=bindparam("at"))
)
NAMES = select(Project.name).where(Project.created_at == 1).order_by(Project.name)


def add(database: Database, name: str) -> None:
    with database.transaction() as session:
        execute_prepared(session, ADDING, its_id=f"proj_{name}", its_name=name)


def test_a_statement_takes_its_constants_and_the_values_of_the_call(database: Database) -> None:
    add(database, "a")
    add(database, "b % :c ? %(d)s")

    with database.reading() as session:
        assert execute_prepared(session, NAMES).scalars().all() == ["a", "b % :c ? %(d)s"]


def test_a_change_returns_whether_it_changed_a_row(database: Database) -> None:
    add(database, "a")

    with database.transaction() as session:
        assert changed_row_prepared(session, PACING, of="a", at=2.5)
        assert not changed_row_prepared(session, PACING, of="b", at=2.5)


def test_the_clock_is_read_at_each_execution(database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        asking = select(now(session).label("at"))
        before = execute_prepared(session, asking).scalar_one()
        clock.advance(60)

        assert execute_prepared(session, asking).scalar_one() == before + 60


def test_parameter_markers_in_the_text_of_a_statement_are_text(database: Database) -> None:
    add(database, "100 % :of ?")
    like = select(Project.name).where(Project.name.like(literal_column("'100 % :of ?'")), Project.row % 1 == 0)

    with database.reading() as session:
        assert execute_prepared(session, like).scalar_one() == "100 % :of ?"


def test_a_value_may_be_null(database: Database) -> None:
    add(database, "a")
    limiting = update(Project).where(Project.name == "a").values(stored_bytes=bindparam("most"))

    with database.transaction() as session:
        for most in (5, None):
            assert changed_row_prepared(session, limiting, most=most)
            assert session.scalar(select(Project.stored_bytes).where(Project.name == "a")) == most


def test_a_missing_value_is_an_error_and_not_null(database: Database) -> None:
    with pytest.raises(ProgrammingError), database.transaction() as session:
        execute_prepared(session, PACING, of="a")


def test_a_list_of_values_is_refused(database: Database) -> None:
    some = select(Project.row).where(Project.name.in_(bindparam("names", expanding=True)))

    with database.reading() as session, pytest.raises(ValueError, match="IN"):
        execute_prepared(session, some, names=["a"])


def test_a_change_is_rolled_back_with_its_transaction(database: Database) -> None:
    add(database, "a")
    with suppress(LookupError), database.transaction() as session:
        changed_row_prepared(session, PACING, of="a", at=9.0)
        raise LookupError

    with database.reading() as session:
        assert session.scalar(select(Project.paced_until).where(Project.name == "a")) == 0.0
