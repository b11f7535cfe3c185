"""`ingest export`: write a vector store to an archive file."""

from pathlib import Path
from typing import Annotated

import typer

from ingest.archive import writer
from ingest.cli.direct_access import open_services
from ingest.cli.options import DataFolder
from ingest.cli.output import echo


def export(
    store: Annotated[str, typer.Argument(help="Id of the vector store, or its name if no other store has it.")],
    file: Annotated[Path, typer.Argument(help="The archive to write. The file must not exist.")],
    data: DataFolder = None,
) -> None:
    """Export a vector store to one archive file.

    The archive has the files, attributes and vectors. The command works while the service runs and while it is
    stopped. No file of the store may be in progress.
    """
    with open_services(data, "ingest export") as (services, _):
        written = writer.export_store(services, store, file)
    echo(f"{written.store_id}: {written.files:,} files, {written.points:,} points in {file}")
