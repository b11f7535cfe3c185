"""Bring the tables up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text

from ingest.db.session import Database, translated
from ingest.errors import Refused


def migrate(database: Database) -> None:
    """Apply the migrations that the database has not seen; safe to run from several processes at once.

    Raises DependencyDown when the database cannot be reached, and Refused when a newer version of the service made it.
    """
    try:
        with translated(), database.engine.begin() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ingest:migrate', 0))"))
            command.upgrade(config(connection), "head")
    except CommandError as exc:
        raise Refused(f"The database is of another version of the service: {exc}") from exc


def config(connection: Connection) -> Config:
    """Alembic's configuration for one connection."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.attributes["connection"] = connection
    return settings
