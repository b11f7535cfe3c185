"""`ingest import-archive`: create a vector store from an archive file."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ingest.archive import restore
from ingest.caller import DEFAULT_PROJECT
from ingest.cli.direct_access import open_services
from ingest.cli.options import DataFolder
from ingest.cli.output import echo
from ingest.errors import DependencyDown


def import_archive(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    store: Annotated[str | None, typer.Option(help="Name of the new store (default: the archived name).")] = None,
    project: Annotated[str, typer.Option(help="Name or id of the project that gets the store.")] = DEFAULT_PROJECT,
    mapping: Annotated[
        Path | None, typer.Option(help="Write the old and the new id of each file to this file.")
    ] = None,
    re_embed: Annotated[
        bool, typer.Option("--re-embed", help="Ingest the files again with the current model.")
    ] = False,
    data: DataFolder = None,
) -> None:
    """Create a vector store from an archive.

    Files are neither parsed nor embedded again. The store appears as a whole or not at all. An archive with vectors
    of another embedding model is refused, unless --re-embed is given.
    """
    with open_services(data, "ingest import-archive") as (services, is_running):
        mapping_file = mapping.open("w") if mapping is not None else None
        try:
            restored = restore.restore_store(
                services, file, project=project, name=store, mapping=mapping_file, re_embed=re_embed
            )
        finally:
            if mapping_file is not None:
                mapping_file.close()
        if is_running and restored.batch_id is not None:
            with suppress(DependencyDown):  # maintenance publishes the files within seconds
                services.publish_waiting()
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(restored.file_counts.items())) or "no files"
    echo(f"{restored.source} -> {restored.store_id}: {counts}")
    if restored.batch_id is not None:
        echo(f"files are embedded again as {restored.batch_id}")
