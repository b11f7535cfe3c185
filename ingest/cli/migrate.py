"""`ingest migrate`: migrate the database before a new version of the service is rolled out."""

import typer

from ingest.cli.direct_access import create_data_folder
from ingest.config import load_settings
from ingest.config.secrets_keys import load_secrets_keys
from ingest.db.migrate import migrate as apply_migrations
from ingest.db.session import Database
from ingest.secret_box import SecretBox
from ingest.webhooks.secrets_at_rest import encrypt_stored


def migrate() -> None:
    """Migrate the database to this version.

    The database is that of INGEST_DATABASE_URL. The command is idempotent, and several may run at the same time.
    """
    settings = load_settings()
    if not settings.database_url:
        create_data_folder(settings)
    database = Database(settings.sql_url)
    try:
        apply_migrations(database)
        encrypt_stored(database, SecretBox(load_secrets_keys(settings)))
    finally:
        database.dispose()
    typer.echo("the database is up to date")
