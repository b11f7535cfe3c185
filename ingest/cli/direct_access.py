"""Direct access to the database and the services of a data folder, for commands that do not use the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.cli.output import print_to_stderr
from ingest.config import load_settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.embedded.data_folder import make_data_folder
from ingest.embedded.discovery import resolve_service
from ingest.observability import logs
from ingest.services import Services


@contextmanager
def open_database(data: Path | None) -> Iterator[Database]:
    """Open the database of a data folder or of INGEST_DATABASE_URL. It is created and migrated if necessary."""
    settings = load_settings(data=data)
    if not settings.database_url:
        make_data_folder(settings.data)
    database = Database(settings.sql_url)
    try:
        migrate(database)
        yield database
    finally:
        database.dispose()


@contextmanager
def open_services(data: Path | None, command: str) -> Iterator[tuple[Services, bool]]:
    """Open the services of a data folder; yield them, and whether the service is running.

    While the service is stopped, a vectors process runs for as long as the context lasts. `command` is the name that
    other commands see while they wait for the data folder.
    """
    with resolve_service(load_settings(data=data), command=command, report=print_to_stderr) as resolved:
        logs.configure(resolved.settings.model_copy(update={"log_level": "warning", "log_format": "text"}))
        services = Services(resolved.settings)
        try:
            yield services, resolved.is_running
        finally:
            services.close()
