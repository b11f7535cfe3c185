"""Direct access to the database and the services of a data folder, for commands that do not use the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.cli.output import print_to_stderr
from ingest.config import Settings, load_settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.embedded.data_folder import make_data_folder
from ingest.embedded.discovery import resolve_service
from ingest.errors import Refused
from ingest.observability import logs
from ingest.services import Services


@contextmanager
def open_database(data: Path | None, *, may_create: bool = False) -> Iterator[Database]:
    """Open the database of a data folder or of INGEST_DATABASE_URL, and migrate it if necessary.

    Raises Refused for a data folder that no service has used. With `may_create` the database is created there, and a
    line on standard error says so: the user may have meant the folder of a running service.
    """
    settings = load_settings(data=data)
    if _is_unused(settings):
        if not may_create:
            raise _refuse_unused(settings)
        create_data_folder(settings)
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
    settings = load_settings(data=data)
    if settings.data.is_dir() and _is_unused(settings):
        raise _refuse_unused(settings)
    with resolve_service(settings, command=command, report=print_to_stderr) as resolved:
        logs.configure(resolved.settings.model_copy(update={"log_level": "warning", "log_format": "text"}))
        services = Services(resolved.settings)
        try:
            yield services, resolved.is_running
        finally:
            services.close()


def create_data_folder(settings: Settings) -> None:
    """Create the data folder unless it exists. If no service has used it, say that its database is new."""
    is_unused = _is_unused(settings)
    make_data_folder(settings.data)
    if is_unused:
        print_to_stderr(
            f"No service has used the data folder {settings.data.absolute()}: a new database is created there. "
            "A service in another folder does not see it; name that folder with --data, or INGEST_DATA."
        )


def _is_unused(settings: Settings) -> bool:
    """Return whether there is no database in the data folder, and nothing else that a service has stored there."""
    if settings.database_url:
        return False
    return not any((settings.data / name).exists() for name in ("ingest.db", "ingest.db-wal", "blobs"))


def _refuse_unused(settings: Settings) -> Refused:
    return Refused(
        f"No service has used the data folder {settings.data.absolute()}: it has no database. "
        "Name the folder of the service with --data."
    )
