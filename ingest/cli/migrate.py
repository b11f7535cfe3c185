"""`ingest migrate`: migrate the database before a new version of the service is rolled out."""

import typer

from ingest.config import load_settings
from ingest.db.migrate import migrate as apply_migrations
from ingest.db.session import Database


def migrate() -> None:
    """Migrate the database to this version.

    The database is that of INGEST_DATABASE_URL. The command is idempotent, and several may run at the same time.
    """
    settings = load_settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sql_url)
    try:
        apply_migrations(database)
    finally:
        database.dispose()
    typer.echo("the database is up to date")
