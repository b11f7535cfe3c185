"""`ingest export` and `ingest import-archive`: a store as one file, with its vectors."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ingest.archive import restore, writer
from ingest.caller import DEFAULT_PROJECT
from ingest.config import load
from ingest.embedded.discovery import settings_for
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.services import Services

Data = Annotated[Path | None, typer.Option(help="Folder of the embedded service.")]


def export(
    store: Annotated[str, typer.Argument(help="The store's id, or its name if no other has it.")],
    file: Annotated[Path, typer.Argument(help="The archive to be written; must not exist.")],
    data: Data = None,
) -> None:
    """Write a store with its files, attributes, outcomes, points and vectors into one file.

    Works while the service runs and while it is stopped. No file of the store may be in progress.
    """
    with _tools(data, "ingest export") as (services, _):
        written = writer.write(services, store, file)
    typer.echo(f"{written.store_id}: {written.files:,} files, {written.points:,} points in {file}")


def import_archive(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    store: Annotated[str | None, typer.Option(help="The new store's name; by default as it was.")] = None,
    project: Annotated[str, typer.Option(help="Whose it shall be: a project's name or id.")] = DEFAULT_PROJECT,
    mapping: Annotated[Path | None, typer.Option(help="File for the old and the new id of each file.")] = None,
    re_embed: Annotated[bool, typer.Option("--re-embed", help="Attach the files like new ones.")] = False,
    data: Data = None,
) -> None:
    """Make a new store of an archive: nothing is parsed or embedded, and it is there as a whole or not at all.

    An archive whose vectors are of another model is refused, unless --re-embed.
    """
    with _tools(data, "ingest import-archive") as (services, running):
        target = mapping.open("w") if mapping is not None else None
        try:
            brought = restore.bring(services, file, project=project, name=store, mapping=target, re_embed=re_embed)
        finally:
            if target is not None:
                target.close()
        if running and brought.batch is not None:
            with suppress(DependencyDown):  # the sweep does it within seconds
                services.publish_waiting()
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(brought.files.items())) or "no files"
    typer.echo(f"{brought.source} -> {brought.store_id}: {counts}")
    if brought.batch is not None:
        typer.echo(f"embedded anew in {brought.batch}")


@contextmanager
def _tools(data: Path | None, command: str) -> Iterator[tuple[Services, bool]]:
    with settings_for(load(data=data), command=command, tell=_tell) as reachable:
        logs.configure(reachable.settings.model_copy(update={"log_level": "warning", "log_format": "text"}))
        services = Services(reachable.settings)
        try:
            yield services, reachable.running
        finally:
            services.close()


def _tell(line: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)
