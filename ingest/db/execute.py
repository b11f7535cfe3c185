"""Statements that run for every file, as text that the driver takes: made once, for the making costs more than the
database needs for them, and so does SQLAlchemy's own way of executing what it has made before."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.orm import Session


def run_prepared(session: Session, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement that is always the same object, with the values of its bind parameters.

    Values and results are as the driver has them, which makes no difference for numbers and text; Boolean is 0 or 1 on
    SQLite, and JSON is not for here. A value that is missing is an error of the driver's.
    """
    connection = session.connection()
    text, fixed, asked = _as_text(statement, connection.dialect)
    now = {name: ask() for name, ask in asked.items()}
    return connection.exec_driver_sql(text, {**fixed, **now, **values})


def changed_prepared(session: Session, statement: Executable, **values: Any) -> bool:
    """Execute such an UPDATE or DELETE and say whether it found its row."""
    return run_prepared(session, statement, **values).rowcount > 0


@cache
def _as_text(statement: Executable, dialect: Dialect) -> tuple[str, Mapping[str, Any], Mapping[str, Callable[[], Any]]]:
    """The text, the values that are part of the statement, and those that are asked for each time (a test's clock)."""
    # sqlite3 takes names as well as positions, which would have to be put in order each time.
    named = cast(Any, type(dialect))(paramstyle="named") if dialect.name == "sqlite" else dialect
    compiled = statement.compile(dialect=named)  # type: ignore[attr-defined]
    if compiled.post_compile_params:
        raise ValueError("the number of values of an IN is part of a statement's text")
    fixed = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    asked = {name: bind.callable for name, bind in compiled.binds.items() if bind.callable is not None}
    return str(compiled), fixed, asked


def run(session: Session, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement on the connection itself, with the values of its bind parameters.

    `Session.execute` looks for loaded objects to bring up to date and costs several times what SQLite needs.
    """
    return session.connection().execute(statement, values or None)


def changed(session: Session, statement: Executable) -> bool:
    """Execute an UPDATE or DELETE and return whether it changed a row."""
    return run(session, statement).rowcount > 0
