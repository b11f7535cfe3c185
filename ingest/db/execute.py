"""How statements are executed. There are three ways; take the first that fits.

1. `execute_prepared`: for statements that run for every file. SQLAlchemy makes the text once; after that only the driver
   runs. The statement must be one object (a module constant or a cached function of the clock), without IN lists of varying
   length and without JSON columns. Values and results are the driver's own: numbers and text are unaffected, a Boolean is 0
   or 1 on SQLite.
2. `execute`: for all other statements of Core, above all UPDATE, DELETE and INSERT ... SELECT.
3. `Session.execute`, `Session.scalars` and `Session.get`: for reading objects of the models.

The first two go past the session's objects, in both directions. A statement does not see what was only `session.add`ed:
call `session.flush()` before. An object that was loaded before keeps its old attributes: call `session.refresh()`, or read
it with `populate_existing`, before its attributes are used again.

Measurements: deploy/docs/decisions/0015-text-statements-and-tokens.md.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement


def execute_prepared(session: Session, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement that is always the same object, with the values of its bind parameters.

    Raises: ValueError for an IN list in the statement; the driver's error for a missing value.
    """
    connection = session.connection()
    text, constants, callables = _compile(statement, connection.dialect)
    computed = {name: compute() for name, compute in callables.items()}
    return connection.exec_driver_sql(text, {**constants, **computed, **values})


def changed_row_prepared(session: Session, statement: Executable, **values: Any) -> bool:
    """Execute a prepared UPDATE or DELETE and return whether it changed a row."""
    return execute_prepared(session, statement, **values).rowcount > 0


def execute(session: Session, statement: Executable, **values: Any) -> CursorResult[Any]:
    """Execute a statement on the connection, with the values of its bind parameters.

    `Session.execute` also looks for loaded objects to bring up to date, which costs several times what SQLite needs.
    """
    return session.connection().execute(statement, values or None)


def changed_row(session: Session, statement: Executable) -> bool:
    """Execute an UPDATE or DELETE and return whether it changed a row."""
    return execute(session, statement).rowcount > 0


@cache
def _compile(statement: Executable, dialect: Dialect) -> tuple[str, Mapping[str, Any], Mapping[str, Callable[[], Any]]]:
    """Return the statement's text, its constant values, and the callables that compute a value each time (the clock)."""
    # sqlite3 takes parameters by name as well as by position, which would have to be sorted for each execution.
    by_name = cast(Any, type(dialect))(paramstyle="named") if dialect.name == "sqlite" else dialect
    compiled = cast(SQLCompiler, cast(ClauseElement, statement).compile(dialect=by_name))
    if compiled.post_compile_params:
        raise ValueError("the number of values of an IN is part of a statement's text")
    constants = {name: value for name, value in compiled.params.items() if not compiled.binds[name].required}
    callables = {name: bind.callable for name, bind in compiled.binds.items() if bind.callable is not None}
    return str(compiled), constants, callables
