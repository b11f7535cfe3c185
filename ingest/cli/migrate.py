"""`ingest migrate`: bring the database up to date, before a new version of the service is rolled out."""

import typer

from ingest.config import Settings
from ingest.db.migrate import migrate as apply
from ingest.db.session import Database


def migrate() -> None:
    """Apply the migrations that the database (INGEST_DATABASE_URL) has not seen. Safe to run twice, or twice at once."""
    settings = Settings()
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sql_url)
    try:
        apply(database)
    finally:
        database.dispose()
    typer.echo("up to date")
