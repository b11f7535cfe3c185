"""The database for commands that need nothing else, whether the service runs or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ingest.config import load
from ingest.db.migrate import migrate
from ingest.db.session import Database

Data = Annotated[Path | None, typer.Option(help="Folder of the embedded service.")]


@contextmanager
def opened(data: Path | None) -> Iterator[Database]:
    """The database of a data folder or of INGEST_DATABASE_URL, made and brought up to date where that is needed."""
    settings = load(data=data)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.sql_url)
    try:
        migrate(database)
        yield database
    finally:
        database.dispose()
