"""Apply migrations, and refuse schemas that this version of the code does not know."""

import sys
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from ingest.config import Settings
from ingest.db.engine import translate_errors
from ingest.db.locks import MIGRATION
from ingest.db.session import Database
from ingest.errors import REFUSED_EXIT_CODE, DatabaseDamaged, DependencyDown, Refused
from ingest.observability import logs
from ingest.runtime.bounded_call import call_within
from ingest.timeouts import REQUEST_TIMEOUTS

MISSING_COLUMNS_SHOWN = 3

CHECK_SECONDS = 4.0
"""A database that has not answered by then is not waited for: the lookup of its name has no timeout of its own."""

MIGRATION_POLL_SECONDS = 0.5

_log = logs.get(__name__)


def migrate(database: Database) -> None:
    """Apply the migrations that the database lacks, in one transaction. Several processes may do so at once.

    Raises: DependencyDown if the database cannot be reached; Refused if its schema is unknown or incomplete.
    """
    with translate_errors(database.file), database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock(hashtextextended('{MIGRATION}', 0))"))
        revision = _refuse_unknown_revision(connection)
        if revision is not None and revision != head_revision():
            _refuse_incomplete_schema(connection, revision)
        command.upgrade(_config(connection), "head")


def check_schema(database: Database, *, allow_older: bool = False) -> None:
    """Check that this version of the code can work on the database's schema, without changing it.

    `allow_older` is for callers that migrate afterwards.
    Raises: DependencyDown if the database cannot be reached; Refused if the schema is unknown, or older than the code.
    """
    with database.reading() as session:  # does not wait for a writer of a SQLite database
        revision = _refuse_unknown_revision(session.connection())
    if revision != head_revision() and not allow_older:
        state = "no schema" if revision is None else f"schema revision {revision}"
        raise Refused(
            f"The database has {state}, and this version of ingest needs {head_revision()}. Run `ingest migrate` first."
        )


def exit_unless_schema_fits(settings: Settings, *, allow_older: bool = False, migration_seconds: float = 0) -> None:
    """End this process with one line in the log if it cannot work on the schema of its database (`check_schema`).

    A database that cannot be reached ends nothing: the process waits for it, and reports it, when it needs it.
    `migration_seconds` is the time in which another process is expected to migrate the database.
    """
    database = Database(settings.sql_url, timeouts=REQUEST_TIMEOUTS)
    deadline = time.monotonic() + migration_seconds
    try:
        while (refusal := _refusal(database, allow_older)) is not None and time.monotonic() < deadline:
            time.sleep(MIGRATION_POLL_SECONDS)
        if refusal is not None:
            _log.error("schema_refused", reason=refusal)
            sys.exit(REFUSED_EXIT_CODE)
    except (DependencyDown, TimeoutError) as exc:
        _log.warning("schema_not_checked", reason=str(exc))
    finally:
        database.dispose()


def _refusal(database: Database, allow_older: bool) -> str | None:
    """Return why this version cannot work on the schema; None if it can. Raises DependencyDown, TimeoutError."""
    try:
        call_within(CHECK_SECONDS, lambda: check_schema(database, allow_older=allow_older), name="schema-check")
    except (Refused, DatabaseDamaged) as exc:
        return str(exc)
    return None


def revisions() -> list[str]:
    """Return the revisions that this version of the code knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config(None))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def head_revision() -> str:
    """Return the revision that this version of the code works on."""
    return revisions()[-1]


def upgrade_to(connection: Connection, revision: str) -> None:
    """Apply the migrations up to a revision. Tests and checks use it; the service always migrates to the head."""
    command.upgrade(_config(connection), revision)


def _config(connection: Connection | None) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings


def _refuse_unknown_revision(connection: Connection) -> str | None:
    """Return the revision of the schema, None if there is none. Raises: Refused if this code does not know it."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in revisions():
        raise Refused(
            f"The database has schema revision {revision}, and this version of ingest knows none after {head_revision()}."
            " Run the version of ingest that migrated the database, or a newer one."
        )
    return revision


def _refuse_incomplete_schema(connection: Connection, revision: str) -> None:
    """Refuse a database of a development version, whose tables differ from those that its revision creates."""
    reference = create_engine("sqlite://")
    try:
        with reference.begin() as empty:
            upgrade_to(empty, revision)
            missing = sorted(_columns(empty) - _columns(connection))
    finally:
        reference.dispose()
    if missing:
        shown = ", ".join(missing[:MISSING_COLUMNS_SHOWN]) + (", ..." if len(missing) > MISSING_COLUMNS_SHOWN else "")
        raise Refused(
            f"The database has schema revision {revision} but lacks {shown}: a development version from before the first"
            " release created it, and it cannot be migrated. Start with an empty database (INGEST_DATABASE_URL or --data)."
        )


def _columns(connection: Connection) -> set[str]:
    tables = inspect(connection).get_multi_columns()
    return {f"{table}.{column['name']}" for (_, table), columns in tables.items() for column in columns}
